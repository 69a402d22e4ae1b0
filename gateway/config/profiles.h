/* profiles - merges those documents of a settings file that count for the active profiles, as
   Spring Boot does. */
#ifndef GATEWAY_CONFIG_PROFILES_H
#define GATEWAY_CONFIG_PROFILES_H

#include "base/yaml.h"

/* first: what yaml_read returned. Documents for a profile win over those for none, later ones over
   earlier ones. */
struct yaml *profiles_merge(struct arena *arena, const struct yaml *first, const char *profiles,
                            struct error *error);

#endif
