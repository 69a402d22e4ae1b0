/* placeholder - ${NAME:default} in the scalars of a YAML tree, as Spring Boot replaces it. */
#ifndef GATEWAY_CONFIG_PLACEHOLDER_H
#define GATEWAY_CONFIG_PLACEHOLDER_H

#include "base/yaml.h"

/* Replaces ${NAME} and ${NAME:default} in all scalars of `part`, from the environment (NAME, and
   for a.b-c also A_BC), then from the settings of `root` itself. */
bool yaml_expand(struct arena *arena, struct yaml *part, const struct yaml *root,
                 struct error *error);

#endif
