/* columns - rows of texts under headings, in columns as wide as they need. */
#ifndef MALLCTL_COLUMNS_H
#define MALLCTL_COLUMNS_H

#include "base/arena.h"

#include <stdio.h>

enum { MOST_COLUMNS = 9 };

struct columns {
        struct arena *arena;
        int columns;
        const char *(*rows)[MOST_COLUMNS]; /* the first has the headings */
        size_t count, room;
};

/* cells: one for each column; they must live on. */
struct columns columns_open(struct arena *arena, int columns, const char *const *headings);
void columns_add(struct columns *table, const char *const *cells);

/* What no terminal should get is printed as '?': the texts may be another program's. */
void columns_print(const struct columns *table, FILE *out);

/* A copy without control characters. NULL gives NULL. */
const char *columns_clean(struct arena *arena, const char *text);

#endif
