/* value - the known members of a map in application.yml, as a table, and readers of single
   values. */
#ifndef GATEWAY_ROUTING_VALUE_H
#define GATEWAY_ROUTING_VALUE_H

#include "gateway/routing/routes.h"

/* One known member of a map; whatever is not in its table is an error. */
struct known_member {
        const char *name;
        bool (*read)(struct routes *routes, const struct yaml *value, void *into,
                     struct error *error);
};

/* Each member of the map goes to the row of its name; `fields` ends with a NULL name. */
bool members_read(struct routes *routes, const struct yaml *map, const struct known_member *fields,
                  void *into, const char *where, struct error *error);

bool value_scalar(const struct yaml *value, const char **text, struct error *error);
bool value_bool(const struct yaml *value, bool *into, struct error *error);
bool value_number(const struct yaml *value, int64_t least, int64_t most, int64_t *into,
                  struct error *error);
/* "500ms", "5s", "PT1M30S", "2m"; a bare number counts `unit_ms`. */
bool value_duration(const struct yaml *value, int64_t unit_ms, int64_t *ms, struct error *error);
/* A duration from 1 ms to 1 h; a bare number is milliseconds. */
bool value_wait(const struct yaml *value, int64_t *ms, struct error *error);
/* Bytes, at least 1: "5000", "10KB", "5MB" (by 1024, as Spring has it), "1GB". */
bool value_size(const struct yaml *value, int64_t *bytes, struct error *error);

#endif
