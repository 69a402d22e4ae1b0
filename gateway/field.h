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
/* "500ms", "5s", "PT5S", "2m"; a bare number counts `unit_ms`. */
bool field_duration(const struct tree *value, int64_t unit_ms, int64_t *ms, struct error *error);

#endif
