/* tree_inside - how trees are put together; for tree.c and tree_*.c. */
#ifndef GATEWAY_TREE_INSIDE_H
#define GATEWAY_TREE_INSIDE_H

#include "gateway/tree.h"

struct tree *tree_new(struct arena *arena, enum tree_kind kind, const char *file, int line);
void tree_append(struct tree *parent, struct tree *child);
struct tree *tree_find(const struct tree *map, const char *name, size_t len, bool verbatim);

enum {
        DEEPEST = 64,       /* levels; an alias that contains itself ends here */
        MOST_NODES = 20000, /* keys and values, aliases unfolded */
        MOST_DOCUMENTS = 100,
        MOST_ANCHORS = 1000,
};

/* Whether the file, as it is written, is within these: before it is loaded, for the library's own work grows with the square of some. */
bool tree_survey(const char *file, const char *text, size_t len, struct error *error);

#endif
