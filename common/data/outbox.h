/* outbox - events that are committed and not yet on the bus (transactional outbox).

   Units insert the rows. Right after their commit the rows go from memory to the relay. A later
   commit removes them, once the bus has acknowledged them, in any order. The table is read at
   start and for recovery. Where several processes share the store: outbox_parts.h. */
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
        int64_t id;        /* the event's ce_id; grows in commit order, in a shared store per key */
        int part;          /* of a shared store (outbox_parts.h) */
        const char *topic; /* NULL: the bus's own */
        const char *key;   /* NULL: none */
        const char *value;
        size_t value_len;
        const char *headers; /* PACKED_FOR_OUTBOX */
        size_t headers_len;
        int64_t at; /* Unix time, ms */
};

/* The records that one commit added, in order. The receiver owns the batch. */
struct outbox_batch {
        struct arena *arena;
        struct outbox_record *records;
        size_t count;
        struct outbox_batch *next;
};

void outbox_batches_free(struct outbox_batch *batches); /* all of the list */

/* `committed` is called on the writer thread after each commit that added rows. Once this
   function has returned, the `committed` before is not called any more. */
void outbox_on_commit(struct store *store, void (*committed)(void *arg, struct outbox_batch *batch),
                      void *arg);
/* Bytes. The record that reaches this size is the page's last: a page may be larger by less than
   one record. */
enum { OUTBOX_PAGE = 1 << 20 };

/* What it takes in memory, bytes. */
static inline size_t outbox_record_bytes(const struct outbox_record *record)
{
        return record->value_len + record->headers_len + (record->key ? strlen(record->key) : 0);
}

/* A page of the records above `after` that are not parked, at most so many, by a read
   connection. None: there are no more. */
bool outbox_read(struct store *store, int64_t after, struct outbox_record *records, size_t most,
                 size_t *count, struct arena *arena, struct error *error);
/* These records are on the bus: a later commit removes them, at the latest that of outbox_sweep
   or store_close. After a crash before it they are published again, and consumers recognise them.
   Any thread. Only for a store of one process. */
void outbox_sent(struct store *store, const int64_t *ids, size_t count);
/* How many of those the table still has. */
size_t outbox_unremoved(struct store *store);
/* Some that it no longer has, each told once. Returns how many; 0: no more. */
size_t outbox_removed(struct store *store, int64_t *ids, size_t most);
/* Sets aside a record that can never be published, so that it does not hold up the later ones.
   Blocks until it is committed. */
bool outbox_park(struct store *store, const struct outbox_record *record, const char *reason,
                 struct error *error);
/* How many are committed and not acknowledged; in a shared store by all its processes, and
   counted up to 100,000. */
int64_t outbox_pending(struct store *store);
/* How many of these are for topics other than the bus's own; counted up to 100,000. */
int64_t outbox_pending_elsewhere(struct store *store);
/* Removes sent records now (some thousands), with a commit of its own. */
bool outbox_sweep(struct store *store);

#endif
