/* outbox - what was said and is not yet on the bus (transactional outbox).

   Rows are inserted by units, handed from memory to the relay right after their commit, and removed
   in a later commit once the bus has acknowledged them, in whichever order it did. Reading the
   table is for start and recovery. Where several processes share the store it is otherwise:
   outbox_parts.h. */
#ifndef DATA_OUTBOX_H
#define DATA_OUTBOX_H

#include "data/packed_headers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct store;
struct error;

struct outbox_record {
        int64_t id; /* the event's ce_id; grows in commit order, in a shared store in its key's */
        int part;   /* of a shared store (outbox_parts.h) */
        const char *topic; /* NULL: the bus's own */
        const char *key;   /* NULL: none */
        const char *value;
        size_t value_len;
        const char *headers; /* PACKED_FOR_OUTBOX */
        size_t headers_len;
        int64_t at; /* Unix time, ms */
};

/* What one commit added, in order; owned by whoever it is handed to. */
struct outbox_batch {
        struct arena *arena;
        struct outbox_record *records;
        size_t count;
        struct outbox_batch *next;
};

void outbox_batches_free(struct outbox_batch *batches); /* all of the list */

/* Called on the writer thread after each commit that added rows. Once this has returned the one
   before is not called any more. */
void outbox_on_commit(struct store *store, void (*committed)(void *arg, struct outbox_batch *batch),
                      void *arg);
/* Bytes. The record with which a page has as many is its last: a page may be larger than this by
   less than one record. */
enum { OUTBOX_PAGE = 1 << 20 };

/* What it takes in memory, bytes. */
static inline size_t outbox_record_bytes(const struct outbox_record *record)
{
        return record->value_len + record->headers_len + (record->key ? strlen(record->key) : 0);
}

/* A page of those above `after` that are not parked, at most so many, by a read connection. None:
   there are no more. */
bool outbox_read(struct store *store, int64_t after, struct outbox_record *records, size_t most,
                 size_t *count, struct arena *arena, struct error *error);
/* These are on the bus: removed with some later commit, at the latest by outbox_sweep or
   store_close, in the order of these calls. Until then a crash means that they are published again,
   which consumers recognise. Any thread. Returns how many there were in the store's life. */
size_t outbox_sent(struct store *store, const int64_t *ids, size_t count);
/* How many of those are not in the table any more. */
size_t outbox_removed(struct store *store);
/* Sets aside a record that never can be published, so that the ones behind it flow. Blocks until
   committed. */
bool outbox_park(struct store *store, const struct outbox_record *record, const char *reason,
                 struct error *error);
/* Committed and not acknowledged. Of a shared store by all its processes, and counted: at most
   100,000. */
int64_t outbox_pending(struct store *store);
/* Of these, those for topics other than the bus's own: counted, at most 100,000. */
int64_t outbox_pending_elsewhere(struct store *store);
/* Removes what was sent now (some thousands of it), with a commit of its own. */
bool outbox_sweep(struct store *store);

#endif
