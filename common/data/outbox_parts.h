/* outbox_parts - the outbox of a store that several processes share, in 16 parts by the key's hash.

   A part belongs to one process at a time (a session's advisory lock), so that records of one key are published by one, in
   order. Ids are given while the rows they speak of are locked, but commit in any order: so nothing here remembers how far it
   is; what is unsent is read, and removed when it was sent. A process that dies loses its connection and with it its parts; one that
   is frozen loses them when PostgreSQL's idle_session_timeout ends its session. What it had read may then be published twice.

   Threads: one. Errors: ERROR_UNAVAILABLE while the database is away; then no part is held. */
#ifndef DATA_OUTBOX_PARTS_H
#define DATA_OUTBOX_PARTS_H

#include "data/outbox.h"

struct outbox_parts;
struct store;
struct arena;

struct outbox_parts *outbox_parts_open(struct store *store); /* connects when it is first used */
void outbox_parts_close(struct outbox_parts **parts);        /* leaves them to others */

/* Takes and leaves parts, so that every process has about as many. Call it once a second, with nothing under way. */
bool outbox_parts_share(struct outbox_parts *parts, struct error *error);
int outbox_parts_held(const struct outbox_parts *parts);
/* Up to `most` records of the parts held, each part's in its order. */
bool outbox_parts_read(struct outbox_parts *parts, struct outbox_record *records, size_t most, size_t *count,
                       struct arena *arena, struct error *error);
/* They are on the bus, or parked. A crash before it reached the disk publishes them again. */
bool outbox_parts_remove(struct outbox_parts *parts, const struct outbox_record *records, size_t count, struct error *error);

#endif
