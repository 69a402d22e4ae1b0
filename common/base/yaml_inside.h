/* yaml_inside - how trees are built; for yaml.c and yaml_*.c only. */
#ifndef BASE_YAML_INSIDE_H
#define BASE_YAML_INSIDE_H

#include "base/yaml.h"

struct yaml *yaml_new(struct arena *arena, enum yaml_kind kind, const char *file, int line);
void yaml_append(struct yaml *parent, struct yaml *child);
struct yaml *yaml_find(const struct yaml *map, const char *name, size_t len, bool verbatim);

enum {
        DEEPEST = 64,       /* levels; also stops an alias that contains itself */
        MOST_NODES = 20000, /* keys and values, after aliases are expanded */
        MOST_DOCUMENTS = 100,
        MOST_ANCHORS = 1000,
};

/* Checks the file as it is written against these limits. Before it is loaded, since some of
   libyaml's work grows with the square of these numbers. */
bool yaml_survey(const char *file, const char *text, size_t len, struct error *error);

#endif
