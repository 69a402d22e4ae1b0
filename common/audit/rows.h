/* rows - a list of structs that grows; each begins with its int64_t id. */
#ifndef AUDIT_ROWS_H
#define AUDIT_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rows {
        char *at;
        size_t size; /* of a row */
        size_t count, room;
};

struct rows rows_open(size_t size);
void rows_close(struct rows *rows);

void *rows_add(struct rows *rows); /* a new last one, zeroed; moves the others */
void *rows_at(const struct rows *rows, size_t index);

void rows_sort(struct rows *rows, int (*compare)(const void *a, const void *b));
int rows_by_id(const void *a, const void *b); /* for rows_sort */

/* Of rows sorted by id: that one, or NULL. */
void *rows_find(const struct rows *rows, int64_t id);

#endif
