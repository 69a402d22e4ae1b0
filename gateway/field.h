/* field - the known members of a map in application.yml, as a table, and readers of single values. */
#ifndef GATEWAY_FIELD_H
#define GATEWAY_FIELD_H

#include "gateway/routes.h"

/* One known member of a map; whatever is not in its table is an error. */
struct field {
        const char *name;
        bool (*read)(struct routes *routes, const struct tree *value, void *into, struct error *error);
};

/* Each member of the map goes to the row of its name; `fields` ends with a NULL name. */
bool fields_read(struct routes *routes, const struct tree *map, const struct field *fields, void *into,
                 const char *where, struct error *error);

bool field_scalar(const struct tree *value, const char **text, struct error *error);
bool field_bool(const struct tree *value, bool *into, struct error *error);
bool field_number(const struct tree *value, int64_t least, int64_t most, int64_t *into, struct error *error);
/* "500ms", "5s", "PT1M30S", "2m"; a bare number counts `unit_ms`. */
bool field_duration(const struct tree *value, int64_t unit_ms, int64_t *ms, struct error *error);
/* A duration from 1 ms to 1 h; a bare number is milliseconds. */
bool field_wait(const struct tree *value, int64_t *ms, struct error *error);
/* Bytes, at least 1: "5000", "10KB", "5MB" (by 1024, as Spring has it), "1GB". */
bool field_size(const struct tree *value, int64_t *bytes, struct error *error);

#endif
