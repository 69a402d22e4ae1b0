/* recent - rows as they were read since the last commit, in memory: what is asked again and again while nothing changes
   costs no transaction.

   A row found here is what a read transaction begun now would find: a moment is the time between two commits, a row
   counts only in the moment it was read in, and while a commit is under way there is no moment. Any thread. */
#ifndef DATA_RECENT_H
#define DATA_RECENT_H

#include "data/entity.h"

#include <stdbool.h>
#include <stdint.h>

struct recent;

struct recent *recent_open(void);
void recent_close(struct recent **recent);

/* The moment; 0 while a commit is under way. Ask before the read transaction begins. */
uint64_t recent_moment(const struct recent *recent);

/* A copy in the arena; NULL: not here. */
void *recent_find(struct recent *recent, const struct entity *entity, int64_t id, uint64_t moment, struct arena *arena);
void recent_keep(struct recent *recent, const struct entity *entity, const void *row, uint64_t moment);

/* Around each COMMIT, also one that fails. */
void recent_commit_begins(struct recent *recent);
void recent_commit_ended(struct recent *recent);

#endif
