/* What relay.c and the two ways to feed it share; nobody else includes this. */
#ifndef EVENT_RELAY_INSIDE_H
#define EVENT_RELAY_INSIDE_H

#include "base/metrics.h"
#include "data/outbox.h"
#include "event/relay.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
        RELAY_PUBLISH_MOST = 1000, /* records a publish */
        RELAY_FEW = 3,             /* so few are sent at once, ... */
        RELAY_PAUSE_MS = 50,       /* ... after more it pays to let the next ones gather (linger, but not when idle) */
};

struct relay {
        struct store *store;
        struct bus *bus;
        struct metrics *metrics;
        pthread_t thread;
        int64_t last; /* highest id that is on the bus or parked */
        bool away;    /* said so */

        pthread_mutex_t lock; /* for what is below */
        pthread_cond_t work, ending;
        struct outbox_batch *first, *end;
        size_t waiting, batches; /* records in memory, and the commits they came with */
        bool overflowed;  /* some are only in the table */
        bool closing;
        int64_t give_up;  /* monotonic us, once closing */
        _Atomic int64_t oldest_at; /* Unix ms of the first unsent record; 0: none */
};

/* What may be tried once more, ms; 0: closing and out of time. */
int relay_patience(struct relay *r);
/* A nap that closing ends early; true when closing. */
bool relay_nap(struct relay *r, int64_t ms);
/* One try: how many at the front are published, or parked because they never can be. *going false: closing, out of time. */
size_t relay_publish(struct relay *r, const struct outbox_record *o, size_t count, bool *going);
void relay_free_batch(struct outbox_batch *batch);
void relay_forget_waiting(struct relay *r); /* with the lock, or when nobody else is there */

/* From memory right after each commit; from the table at start, and when memory overflowed. For a store of one process. */
void relay_from_memory(struct relay *r);
void relay_committed(void *relay, struct outbox_batch *batch); /* on the writer thread */
/* From the table only, the parts that are ours. For a store that several processes share. */
void relay_from_parts(struct relay *r);
void relay_told(void *relay, struct outbox_batch *batch); /* on the writer thread */

#endif
