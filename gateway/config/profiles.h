/* profiles - which documents of a settings file count for a profile, laid over each other as Spring
   Boot does. */
#ifndef GATEWAY_CONFIG_PROFILES_H
#define GATEWAY_CONFIG_PROFILES_H

#include "gateway/config/yaml.h"

/* first: as from yaml_read. Those with a profile win over those without, later ones over earlier
   ones. */
struct yaml *profiles_merge(struct arena *arena, const struct yaml *first, const char *profiles,
                            struct error *error);

#endif
