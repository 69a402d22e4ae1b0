/* yaml_inside - how trees are put together; for yaml.c and yaml_*.c. */
#ifndef GATEWAY_CONFIG_YAML_INSIDE_H
#define GATEWAY_CONFIG_YAML_INSIDE_H

#include "gateway/config/yaml.h"

struct yaml *yaml_new(struct arena *arena, enum yaml_kind kind, const char *file, int line);
void yaml_append(struct yaml *parent, struct yaml *child);
struct yaml *yaml_find(const struct yaml *map, const char *name, size_t len, bool verbatim);

enum {
        DEEPEST = 64,       /* levels; an alias that contains itself ends here */
        MOST_NODES = 20000, /* keys and values, aliases unfolded */
        MOST_DOCUMENTS = 100,
        MOST_ANCHORS = 1000,
};

/* Whether the file, as it is written, is within these: before it is loaded, for the library's own
   work grows with the square of some. */
bool yaml_survey(const char *file, const char *text, size_t len, struct error *error);

#endif
