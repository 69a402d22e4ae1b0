#include "event/relay_inside.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "event/record.h"

#include <stdlib.h>
#include <string.h>

enum { BUS_WAIT_MS = 3000 }; /* of one try; also what a close may wait beyond its own time */

static const struct metric_family published_family = {"mall_events_published_total", "Events acknowledged by the bus",
                                                      METRIC_COUNTER, {"event_type"}};
static const struct metric_family pending_family = {"mall_outbox_pending", "Events committed and not yet acknowledged by the bus",
                                                    METRIC_GAUGE, {0}};
static const struct metric_family oldest_family = {"mall_outbox_oldest_seconds", "Age of the oldest unpublished event",
                                                   METRIC_GAUGE, {0}};

void relay_free_batch(struct outbox_batch *batch)
{
        arena_close(&batch->arena);
        free(batch);
}

void relay_forget_waiting(struct relay *r)
{
        for (struct outbox_batch *b = r->first, *next; b; b = next) {
                next = b->next;
                relay_free_batch(b);
        }
        r->first = r->end = NULL;
        r->waiting = r->batches = 0;
}

static const struct record_header *type_of(const struct record *record)
{
        static const struct record_header dead_letter = {NULL, "dead letter", sizeof "dead letter" - 1};

        for (size_t i = 0; i < record->header_count; i++)
                if (strcmp(record->headers[i].name, "ce_type") == 0)
                        return &record->headers[i];
        return &dead_letter;
}

static bool is_same(const struct record_header *a, const struct record_header *b)
{
        return a->len == b->len && (!a->len || memcmp(a->value, b->value, a->len) == 0); /* a value may be NULL */
}

/* As many of one type as follow each other at once: their series is looked up by name. */
static void count_published(struct relay *r, const struct record *records, size_t count, struct arena *arena)
{
        for (size_t i = 0, first; r->metrics && i < count;) {
                const struct record_header *type = type_of(&records[i]);
                const char *name = arena_copy(arena, type->value, type->len);

                for (first = i; i < count && is_same(type_of(&records[i]), type); i++)
                        ;
                metric_add(metrics_series(r->metrics, &published_family, &name), (int64_t)(i - first));
        }
}

int relay_patience(struct relay *r)
{
        int64_t left = BUS_WAIT_MS;

        pthread_mutex_lock(&r->lock);
        if (r->closing)
                left = (r->give_up - clock_mono_us()) / 1000;
        pthread_mutex_unlock(&r->lock);
        return left < 0 ? 0 : left > BUS_WAIT_MS ? BUS_WAIT_MS : (int)left;
}

bool relay_nap(struct relay *r, int64_t ms)
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

/* Sets the refused one aside; until that is committed nothing may move past it. False: closing, out of time. */
static bool park(struct relay *r, const struct outbox_record *o, const char *reason)
{
        struct error error = {0};

        log_write(LOG_ERROR, "an event can never be published; it is parked in the outbox", "error.message", reason, NULL);
        while (!outbox_park(r->store, o, reason, &error)) {
                log_write(LOG_WARN, "parking failed; trying again", "error.message", error.text, NULL);
                if (relay_patience(r) == 0)
                        return false;
                relay_nap(r, 100);
        }
        return true;
}

static bool park_refused(struct relay *r, const struct outbox_record *o, const struct record *records, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (records[i].result == BUS_REFUSED && !park(r, &o[i], records[i].reason))
                        return false;
        return true;
}

size_t relay_publish(struct relay *r, const struct outbox_record *o, size_t count, bool *going)
{
        struct arena *arena = arena_open();
        struct record *records = arena_alloc(arena, count * sizeof *records);
        int wait_ms = relay_patience(r);
        struct error error = {0};
        size_t done = 0;

        *going = wait_ms > 0;
        for (size_t i = 0; *going && i < count; i++)
                record_of_event(&o[i], store_source(r->store), &records[i], arena);
        if (*going)
                done = bus_publish(r->bus, records, count, wait_ms, &error);
        if (done && !park_refused(r, o, records, done)) {
                *going = false;
                done = 0;
        } else if (done) {
                count_published(r, records, done, arena);
                say_back(r);
        } else {
                say_away(r, &error);
        }
        arena_close(&arena);
        return done;
}

static void *relay_main(void *arg)
{
        struct relay *r = arg;

        if (store_is_shared(r->store))
                relay_from_parts(r);
        else
                relay_from_memory(r);
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
        outbox_on_commit(r->store, store_is_shared(r->store) ? relay_told : relay_committed, r);
        if (r->metrics)
                metrics_on_scrape(r->metrics, refresh, r);
        r->thread = thread_start("relay", relay_main, r);
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
        relay_forget_waiting(r);
        pthread_mutex_destroy(&r->lock);
        pthread_cond_destroy(&r->work);
        pthread_cond_destroy(&r->ending);
        free(r);
}
