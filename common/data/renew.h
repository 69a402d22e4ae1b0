/* renew - for a store that came back from the past: from a backup, or as a standby that was behind.

   Such a store would give ids again that it gave before, to rows and to events, and services that
   know the first ones would take the second ones for them. So all its ids jump, above any that a
   store can have given: to the microseconds since 1970. A store gives fewer than one id a
   microsecond, so that two stores that begin from the same backup do not meet either, and until
   2255 JSON readers know the number exactly (2^53). The source stays: events go on to name older
   rows by (source, id).

   The number is kept in `meta` as ids_from. A shared store's sequences are set at once, for all its
   processes; a store of one process applies it when it is loaded. It is never undone.

   In the same way an empty store begins with a certain id (MALL_FIRST_ID), where it takes over
   from another store whose ids are known elsewhere. */
#ifndef DATA_RENEW_H
#define DATA_RENEW_H

#include "data/db.h"

struct renewal {
        int64_t given; /* the highest id that an event had before */
        int64_t from;  /* all ids are above it now; 0: nothing was done */
};

/* In a transaction of a writer's connection. given: the highest id ever given, to a row or an
   event; seen: the highest that others saw, 0: none. */
bool renew_ids(struct db *db, int64_t given, int64_t seen, struct renewal *renewal,
               struct error *error);

/* In such a transaction too: a store that gave no id yet begins with `first`. If it began with
   that id before, nothing is done: a restart. Refused (ERROR_BAD_INPUT) if it gave any id, and
   above where a renewal would begin. */
bool renew_begin(struct db *db, int64_t first, struct error *error);

/* 0 when it was never renewed, or when we cannot read it. */
int64_t renewed_from(struct db *db, struct error *error);

/* The highest id ever given, to a row or an event, as far as the database knows; and to events
   alone. -1: it does not answer. */
int64_t renew_highest(struct db *db, struct error *error);
int64_t renew_highest_event(struct db *db, struct error *error);

#endif
