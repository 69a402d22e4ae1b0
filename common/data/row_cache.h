/* row_cache - rows as they were read since the last commit, in memory: while nothing changes,
   reading a row again costs no transaction.

   A row found here is what a read transaction begun now would find. A moment is the time between
   two commits; a row counts only in the moment in which it was read, and while a commit is under
   way there is no moment. Any thread. */
#ifndef DATA_ROW_CACHE_H
#define DATA_ROW_CACHE_H

#include "data/entity.h"

#include <stdbool.h>
#include <stdint.h>

struct row_cache;

struct row_cache *row_cache_open(void);
void row_cache_close(struct row_cache **recent);

/* The moment; 0 while a commit is under way. Ask before the read transaction begins. */
uint64_t row_cache_moment(const struct row_cache *recent);

/* A copy in the arena; NULL: not here. */
void *row_cache_find(struct row_cache *recent, const struct entity *entity, int64_t id,
                     uint64_t moment, struct arena *arena);
void row_cache_keep(struct row_cache *recent, const struct entity *entity, const void *row,
                    uint64_t moment);

/* Call them around each COMMIT, also one that fails. */
void row_cache_commit_begins(struct row_cache *recent);
void row_cache_commit_ended(struct row_cache *recent);

#endif
