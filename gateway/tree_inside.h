/* tree_inside - how trees are put together; for tree.c and tree_read.c. */
#ifndef GATEWAY_TREE_INSIDE_H
#define GATEWAY_TREE_INSIDE_H

#include "gateway/tree.h"

struct tree *tree_new(struct arena *arena, enum tree_kind kind, const char *file, int line);
void tree_append(struct tree *parent, struct tree *child);
struct tree *tree_find(const struct tree *map, const char *name, size_t len, bool verbatim);

#endif
