#include "audit/rows.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

struct rows rows_open(size_t size)
{
        return (struct rows){.size = size};
}

void rows_close(struct rows *rows)
{
        free(rows->at);
        *rows = (struct rows){.size = rows->size};
}

void *rows_add(struct rows *rows)
{
        if (rows->count == rows->room) {
                rows->room = rows->room ? rows->room * 2 : FIRST_ROOM;
                rows->at = memory_grow(rows->at, rows->room * rows->size);
        }
        return memset(rows_at(rows, rows->count++), 0, rows->size);
}

void *rows_at(const struct rows *rows, size_t index)
{
        return rows->at + index * rows->size;
}

void rows_sort(struct rows *rows, int (*compare)(const void *a, const void *b))
{
        if (rows->count)
                qsort(rows->at, rows->count, rows->size, compare);
}

int rows_by_id(const void *a, const void *b)
{
        const int64_t *left = a, *right = b;

        return (*left > *right) - (*left < *right);
}

void *rows_find(const struct rows *rows, int64_t id)
{
        return rows->count ? bsearch(&id, rows->at, rows->count, rows->size, rows_by_id) : NULL;
}
