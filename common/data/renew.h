/* renew - for a store that came back from the past: from a backup, or as a standby that was behind.

   It would give ids again that were given before, to rows and to events, and whoever heard of the
   first ones takes the second ones for them. So all its ids jump, above what any store can have
   given: its microseconds since 1970. A store gives fewer than one a microsecond, so that two lives
   that begin at one backup do not meet either, and until 2255 the number is one that JSON's readers
   know exactly (2^53). The source stays: what was said of older rows goes on to be said of (source,
   id).

   The number is kept in `meta` as ids_from. A shared store's sequences are set at once, for all its
   processes; a store of one process applies it when it is loaded. Undone by nothing.

   In the same way an empty store begins with a certain id (MALL_FIRST_ID), where it takes over from
   another that others know the ids of. */
#ifndef DATA_RENEW_H
#define DATA_RENEW_H

#include "data/db.h"

struct renewal {
        int64_t given; /* the highest id that an event had before */
        int64_t from;  /* all ids are above it now; 0: nothing was done */
};

/* In a transaction of a writer's connection. given: the highest id ever given, of whatever; seen:
   what others saw, 0: nothing. */
bool renew_ids(struct db *db, int64_t given, int64_t seen, struct renewal *renewal,
               struct error *error);

/* In such a transaction too: a store that gave no id yet begins with `first`. Nothing is done, and
   all is well, where it began with that one before: a restart. Refused (ERROR_BAD_INPUT) where it
   gave any, and above where a renewal would begin. */
bool renew_begin(struct db *db, int64_t first, struct error *error);

/* 0 when it never was renewed, or that cannot be read. */
int64_t renewed_from(struct db *db, struct error *error);

/* The highest id ever given of anything, by what the database knows; of events alone. -1: it does
   not tell. */
int64_t renew_highest(struct db *db, struct error *error);
int64_t renew_highest_event(struct db *db, struct error *error);

#endif
