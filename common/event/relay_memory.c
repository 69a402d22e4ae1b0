/* relay from memory: what a commit of this process added is handed over right after it. Memory is bounded; when the bus is
   away longer than that lasts, memory is dropped and the table is read in pages once the bus is back. */
#include "event/relay_inside.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum {
        MEMORY_MOST = 8000,     /* records that wait in memory, ... */
        BATCHES_MOST = 1000,    /* ... of as many commits; more are read from the table when their turn comes */
        SWEEP_MS = 200,         /* idle time after which sent rows are removed by a commit of their own */
};

void relay_committed(void *arg, struct outbox_batch *batch)
{
        struct relay *r = arg;

        pthread_mutex_lock(&r->lock);
        if (r->waiting + batch->count > MEMORY_MOST || r->batches == BATCHES_MOST) {
                relay_forget_waiting(r);
                relay_free_batch(batch);
                r->overflowed = true;
        } else {
                batch->next = NULL;
                if (r->first)
                        r->end->next = batch;
                else
                        r->first = batch;
                r->end = batch;
                r->waiting += batch->count;
                r->batches++;
        }
        pthread_cond_signal(&r->work);
        pthread_mutex_unlock(&r->lock);
}

/* Publishes all of these, however long it takes; false when closing and out of time. */
static bool publish(struct relay *r, const struct outbox_record *o, size_t count)
{
        bool going = true;

        while (count && going) {
                size_t done = relay_publish(r, o, count, &going);

                if (!done) {
                        if (going)
                                relay_nap(r, 100);
                        continue;
                }
                o += done;
                count -= done;
                r->last = o[-1].id;
                outbox_sent(r->store, r->last);
        }
        return !count;
}

static bool publish_some(struct relay *r, const struct outbox_record *o, size_t count)
{
        while (count && o->id <= r->last)
                o++, count--;
        while (count) {
                size_t n = count < RELAY_PUBLISH_MOST ? count : RELAY_PUBLISH_MOST;

                atomic_store(&r->oldest_at, o->at);
                if (!publish(r, o, n))
                        return false;
                o += n;
                count -= n;
        }
        return true;
}

/* From the table: at start, and after memory overflowed. */
static bool catch_up(struct relay *r)
{
        struct outbox_record *records = memory_alloc(RELAY_PUBLISH_MOST * sizeof *records);
        size_t count = 0;
        bool going;

        do {
                struct arena *arena = arena_open();
                struct error error = {0};

                going = outbox_read(r->store, r->last, records, RELAY_PUBLISH_MOST, &count, arena, &error);
                if (going) {
                        going = publish_some(r, records, count);
                } else {
                        log_write(LOG_WARN, "the outbox cannot be read now", "error.message", error.text, NULL);
                        going = !relay_nap(r, 1000);
                        count = RELAY_PUBLISH_MOST;
                }
                arena_close(&arena);
        } while (going && count == RELAY_PUBLISH_MOST);
        free(records);
        return going;
}

/* Many small batches of a busy writer become one publish. */
static struct outbox_record *join(struct outbox_batch *batches, size_t *count)
{
        struct outbox_record *all;

        *count = 0;
        for (struct outbox_batch *b = batches; b; b = b->next)
                *count += b->count;
        all = memory_alloc(*count * sizeof *all);
        *count = 0;
        for (struct outbox_batch *b = batches; b; b = b->next) {
                memcpy(all + *count, b->records, b->count * sizeof *all);
                *count += b->count;
        }
        return all;
}

/* Waits for work; false when there is none and the relay closes. Sets *sweep when it has been idle for a while. */
static bool wait_for_work(struct relay *r, struct outbox_batch **batches, bool *overflowed, bool *sweep)
{
        struct timespec until = clock_after(SWEEP_MS);
        bool some;

        pthread_mutex_lock(&r->lock);
        while (!r->first && !r->overflowed && !r->closing) {
                if (*sweep) {
                        if (pthread_cond_clockwait(&r->work, &r->lock, CLOCK_MONOTONIC, &until) != 0)
                                break;
                } else {
                        pthread_cond_wait(&r->work, &r->lock);
                }
        }
        *batches = r->first;
        *overflowed = r->overflowed;
        *sweep = *sweep && !r->first && !r->overflowed;
        some = r->first || r->overflowed || !r->closing;
        r->first = r->end = NULL;
        r->waiting = r->batches = 0;
        r->overflowed = false;
        pthread_mutex_unlock(&r->lock);
        return some;
}

static bool relay_some(struct relay *r, struct outbox_batch *batches, bool overflowed, size_t *count)
{
        struct outbox_record *records = join(batches, count);
        bool going = (!overflowed || catch_up(r)) && publish_some(r, records, *count);

        free(records);
        for (struct outbox_batch *b = batches, *next; b; b = next) {
                next = b->next;
                relay_free_batch(b);
        }
        return going;
}

void relay_from_memory(struct relay *r)
{
        struct outbox_batch *batches;
        bool going = true, overflowed, unswept = false, sweep;
        size_t count;

        while (going) {
                atomic_store(&r->oldest_at, 0);
                sweep = unswept;
                if (!wait_for_work(r, &batches, &overflowed, &sweep))
                        break;
                if (sweep) {
                        outbox_sweep(r->store);
                        unswept = false;
                        continue;
                }
                going = relay_some(r, batches, overflowed, &count);
                unswept = true;
                if (count > RELAY_FEW)
                        relay_nap(r, RELAY_PAUSE_MS);
        }
}

