/* outbox_parts - the outbox of a store that several processes share, in 16 parts by the key's hash.

   A part belongs to one process at a time (a session's advisory lock), so that one process
   publishes the records of a key, in order. Ids are given while the rows that the event is about
   are locked, but ids of different keys commit in any order. So nothing here remembers a position:
   it reads what is unsent, and removes what was sent. A process that dies loses its connection and
   with it its parts; a frozen one loses them when PostgreSQL's idle_session_timeout ends its
   session. What it had read may then be published twice.

   Threads: one. Errors: ERROR_UNAVAILABLE while the database is away; then no part is held. */
#ifndef DATA_OUTBOX_PARTS_H
#define DATA_OUTBOX_PARTS_H

#include "data/outbox.h"

struct outbox_parts;
struct store;
struct arena;

struct outbox_parts *outbox_parts_open(struct store *store); /* connects when it is first used */
void outbox_parts_close(struct outbox_parts **parts);        /* leaves them to others */

enum { OUTBOX_PARTS = 16 };

/* Takes and leaves parts, so that every process holds about as many. Call it once a second.
   busy: parts with records under way (NULL: none). If such a part is to be left, it is no longer
   read, and left once it is not busy: otherwise the next process would publish those records
   again. */
bool outbox_parts_share(struct outbox_parts *parts, const bool busy[OUTBOX_PARTS],
                        struct error *error);
int outbox_parts_held(const struct outbox_parts *parts);

/* A page of the parts held, without these ids: at most `most` records, each part's in its order.
   From the front; or, between outbox_parts_begin and outbox_parts_end, after the page before,
   all as of one moment. */
bool outbox_parts_begin(struct outbox_parts *parts, struct error *error);
bool outbox_parts_read(struct outbox_parts *parts, const int64_t *but, size_t but_count,
                       struct outbox_record *records, size_t most, size_t *count,
                       struct arena *arena, struct error *error);
void outbox_parts_end(struct outbox_parts *parts);

struct outbox_place {
        int64_t id;
        int part;
};

/* Removes records that are on the bus. Sorts `places`. If a crash comes before this reaches the
   disk, they are published again. */
bool outbox_parts_remove(struct outbox_parts *parts, struct outbox_place *places, size_t count,
                         struct error *error);

#endif
