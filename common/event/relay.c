#include "event/relay.h"

#include "base/clock.h"
#include "base/log.h"
#include "data/outbox.h"
#include "event/record.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        PUBLISH_MOST = 1000,    /* records a publish */
        MEMORY_MOST = 8000,     /* records that wait in memory, ... */
        BATCHES_MOST = 1000,    /* ... of as many commits; more are read from the table when their turn comes */
        FEW = 3,                /* a batch this small is sent at once, ... */
        PAUSE_MS = 5,           /* ... after a larger one it pays to let the next one grow (linger, but not when idle) */
        SWEEP_MS = 200,         /* idle time after which sent rows are removed by a commit of their own */
        BUS_WAIT_MS = 3000,     /* of one try; also what a close may wait beyond its own time */
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

static const struct metric_family published_family = {"mall_events_published_total", "Events acknowledged by the bus",
                                                      METRIC_COUNTER, {"event_type"}};
static const struct metric_family pending_family = {"mall_outbox_pending", "Events committed and not yet acknowledged by the bus",
                                                    METRIC_GAUGE, {0}};
static const struct metric_family oldest_family = {"mall_outbox_oldest_seconds", "Age of the oldest unpublished event",
                                                   METRIC_GAUGE, {0}};

static void batch_free(struct outbox_batch *batch)
{
        arena_close(&batch->arena);
        free(batch);
}

static void forget_waiting(struct relay *r)
{
        for (struct outbox_batch *b = r->first, *next; b; b = next) {
                next = b->next;
                batch_free(b);
        }
        r->first = r->end = NULL;
        r->waiting = r->batches = 0;
}

/* On the writer thread. */
static void committed(void *arg, struct outbox_batch *batch)
{
        struct relay *r = arg;

        pthread_mutex_lock(&r->lock);
        if (r->waiting + batch->count > MEMORY_MOST || r->batches == BATCHES_MOST) {
                forget_waiting(r);
                batch_free(batch);
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

static const char *type_of(const struct record *record, struct arena *arena)
{
        for (size_t i = 0; i < record->header_count; i++)
                if (strcmp(record->headers[i].name, "ce_type") == 0)
                        return arena_copy(arena, record->headers[i].value, record->headers[i].len);
        return "dead letter";
}

static void count_published(struct relay *r, const struct record *records, size_t count, struct arena *arena)
{
        for (size_t i = 0; r->metrics && i < count; i++) {
                const char *type = type_of(&records[i], arena);

                metric_add(metrics_series(r->metrics, &published_family, &type), 1);
        }
}

/* How long one more try may take, ms; 0: closing and out of time. */
static int patience(struct relay *r)
{
        int64_t left = BUS_WAIT_MS;

        pthread_mutex_lock(&r->lock);
        if (r->closing)
                left = (r->give_up - clock_mono_us()) / 1000;
        pthread_mutex_unlock(&r->lock);
        return left < 0 ? 0 : left > BUS_WAIT_MS ? BUS_WAIT_MS : (int)left;
}

/* A nap that closing ends early; true when closing. */
static bool nap(struct relay *r, int64_t ms)
{
        struct timespec until = clock_after(ms);
        bool closing;

        pthread_mutex_lock(&r->lock);
        while (!r->closing && pthread_cond_clockwait(&r->ending, &r->lock, CLOCK_MONOTONIC, &until) == 0)
                ;
        closing = r->closing;
        pthread_mutex_unlock(&r->lock);
        return closing;
}

static void say_away(struct relay *r, const struct error *error)
{
        if (!r->away && error->kind != ERROR_NONE)
                log_write(LOG_WARN, "the bus is away; events wait in the outbox", "error.message", error->text, NULL);
        r->away = r->away || error->kind != ERROR_NONE;
}

static void say_back(struct relay *r)
{
        if (r->away)
                log_write(LOG_INFO, "the bus is back", NULL);
        r->away = false;
}

/* Sets the refused one aside; until that is committed the outbox must not move past it. False: closing, out of time. */
static bool park(struct relay *r, const struct outbox_record *o, const char *reason)
{
        struct error error = {0};

        log_write(LOG_ERROR, "an event can never be published; it is parked in the outbox", "error.message", reason, NULL);
        while (!outbox_park(r->store, o->id, reason, &error)) {
                log_write(LOG_WARN, "parking failed; trying again", "error.message", error.text, NULL);
                if (patience(r) == 0)
                        return false;
                nap(r, 100);
        }
        return true;
}

/* What the front of the batch came to: parks the refused, notes how far it is. */
static bool settle(struct relay *r, const struct outbox_record *o, const struct record *records, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (records[i].result == BUS_REFUSED && !park(r, &o[i], records[i].reason))
                        return false;
        r->last = o[count - 1].id;
        outbox_sent(r->store, r->last);
        say_back(r);
        return true;
}

/* Publishes all of these, however long it takes; false when closing and out of time. */
static bool publish(struct relay *r, const struct outbox_record *o, size_t count)
{
        struct arena *arena = arena_open();
        struct record *records = arena_alloc(arena, count * sizeof *records);
        size_t done = 0;
        int wait_ms;

        for (size_t i = 0; i < count; i++)
                record_of_event(&o[i], store_source(r->store), &records[i], arena);
        while (done < count && (wait_ms = patience(r)) > 0) {
                struct error error = {0};
                size_t more = bus_publish(r->bus, records + done, count - done, wait_ms, &error);

                if (more && !settle(r, o + done, records + done, more))
                        break;
                if (more) {
                        count_published(r, records + done, more, arena);
                        done += more;
                } else {
                        say_away(r, &error);
                        nap(r, 100);
                }
        }
        arena_close(&arena);
        return done == count;
}

static bool publish_some(struct relay *r, const struct outbox_record *o, size_t count)
{
        while (count && o->id <= r->last)
                o++, count--;
        while (count) {
                size_t n = count < PUBLISH_MOST ? count : PUBLISH_MOST;

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
        struct outbox_record *records = memory_alloc(PUBLISH_MOST * sizeof *records);
        size_t count = 0;
        bool going;

        do {
                struct arena *arena = arena_open();
                struct error error = {0};

                going = outbox_read(r->store, r->last, records, PUBLISH_MOST, &count, arena, &error);
                if (going) {
                        going = publish_some(r, records, count);
                } else {
                        log_write(LOG_WARN, "the outbox cannot be read now", "error.message", error.text, NULL);
                        going = !nap(r, 1000);
                        count = PUBLISH_MOST;
                }
                arena_close(&arena);
        } while (going && count == PUBLISH_MOST);
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
                batch_free(b);
        }
        return going;
}

static void *relay_main(void *arg)
{
        struct relay *r = arg;
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
                if (count > FEW)
                        nap(r, PAUSE_MS);
        }
        return NULL;
}

static void refresh(void *arg)
{
        struct relay *r = arg;
        int64_t oldest = atomic_load(&r->oldest_at);

        metric_set(metrics_series(r->metrics, &pending_family, NULL), (double)outbox_pending(r->store));
        metric_set(metrics_series(r->metrics, &oldest_family, NULL),
                   oldest ? (double)(clock_wall_ms() - oldest) / 1000 : 0);
}

struct relay *relay_open(const struct relay_config *config, struct error *error)
{
        struct relay *r = memory_alloc(sizeof *r);

        r->store = config->store;
        r->metrics = config->metrics;
        r->bus = bus_open_publisher(&config->bus, error);
        if (!r->bus) {
                free(r);
                return NULL;
        }
        pthread_mutex_init(&r->lock, NULL);
        pthread_cond_init(&r->work, NULL);
        pthread_cond_init(&r->ending, NULL);
        r->overflowed = true; /* what an earlier life left in the table */
        outbox_on_commit(r->store, committed, r);
        if (r->metrics)
                metrics_on_scrape(r->metrics, refresh, r);
        if (pthread_create(&r->thread, NULL, relay_main, r) != 0)
                abort();
        return r;
}

void relay_close(struct relay **at, int wait_ms)
{
        struct relay *r = *at;

        if (!r)
                return;
        *at = NULL;
        pthread_mutex_lock(&r->lock);
        r->closing = true;
        r->give_up = clock_mono_us() + (int64_t)wait_ms * 1000;
        pthread_cond_signal(&r->work);
        pthread_cond_signal(&r->ending);
        pthread_mutex_unlock(&r->lock);
        pthread_join(r->thread, NULL);
        outbox_on_commit(r->store, NULL, NULL);
        bus_close(&r->bus, wait_ms);
        forget_waiting(r);
        pthread_mutex_destroy(&r->lock);
        pthread_cond_destroy(&r->work);
        pthread_cond_destroy(&r->ending);
        free(r);
}
