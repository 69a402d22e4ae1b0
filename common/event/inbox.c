#include "event/inbox.h"

#include "base/log.h"
#include "base/thread.h"
#include "base/utf8.h"
#include "data/outbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MOST = 500, POLL_WAIT_MS = 1000, BACKOFF_FIRST_MS = 50, BACKOFF_MOST_MS = 5000 };

struct inbox {
        struct store *store;
        struct bus *bus;
        const char *group;
        const struct reaction *reactions;
        struct metrics *metrics;
        pthread_t thread;
        _Atomic bool closing;
        bool away; /* said so */
};

enum outcome { CONSUMED, DUPLICATE, DEAD, OUTCOMES };

/* One record that concerns us. */
struct arrival {
        struct event event;
        enum outcome outcome;
        struct error error; /* why it is dead */
};

struct batch {
        struct inbox *inbox;
        struct arrival *arrivals;
        size_t count;
};

static const struct metric_family outcome_families[OUTCOMES] = {
        [CONSUMED] = {"mall_events_consumed_total", "Events applied", METRIC_COUNTER, {"event_type"}},
        [DUPLICATE] = {"mall_events_duplicate_total", "Events that had been applied before", METRIC_COUNTER, {"event_type"}},
        [DEAD] = {"mall_events_dead_total", "Events sent to the dead letter topic", METRIC_COUNTER, {"event_type"}},
};

static void pack(struct text *packed, const char *name, const char *value)
{
        headers_pack(packed, HEADERS_OF_OUTBOX, name, value, strlen(value));
}

static void write_dead_letter(struct unit *unit, const char *group, const struct arrival *a)
{
        const struct record *r = a->event.record;
        struct arena *arena = unit_arena(unit);
        struct text packed = text_open(arena, 300);

        for (size_t i = 0; i < r->header_count; i++)
                headers_pack(&packed, HEADERS_OF_OUTBOX, r->headers[i].name, r->headers[i].value, r->headers[i].len);
        pack(&packed, "x-original-topic", r->topic);
        pack(&packed, "x-original-partition", arena_printf(arena, "%d", r->partition));
        pack(&packed, "x-original-offset", arena_printf(arena, "%lld", (long long)r->offset));
        pack(&packed, "x-exception-message", a->error.text);
        unit_publish(unit, arena_printf(arena, "error.mall.%s", group), r->key ? arena_copy(arena, r->key, r->key_len) : NULL,
                     r->value, r->value_len, &packed);
}

static void apply_one(struct unit *unit, struct inbox *inbox, struct arrival *a, bool first)
{
        const struct event *e = &a->event;

        unit_trace(unit, e->traceparent);
        if (!first) {
                a->outcome = DUPLICATE;
                return;
        }
        if (a->error.kind != ERROR_NONE) {
                a->outcome = DEAD;
                write_dead_letter(unit, inbox->group, a);
                return;
        }
        a->outcome = CONSUMED;
        reaction_for(inbox->reactions, e->type)->react(unit, e);
}

static void apply_all(struct unit *unit, void *arg)
{
        struct batch *b = arg;
        struct identity *identities = arena_alloc(unit_arena(unit), b->count * sizeof *identities);

        for (size_t i = 0; i < b->count; i++)
                identities[i] = (struct identity){b->arrivals[i].event.identity_source, b->arrivals[i].event.identity, false};
        unit_first_times(unit, identities, b->count);
        for (size_t i = 0; i < b->count && !unit_failed(unit); i++)
                apply_one(unit, b->inbox, &b->arrivals[i], identities[i].first);
}

static bool never_will(const struct error *error)
{
        return error->kind != ERROR_UNAVAILABLE && error->kind != ERROR_INTERNAL && error->kind != ERROR_CONFLICT;
}

static bool run_batch(struct batch *b, struct error *error)
{
        struct arena *arena = arena_open();
        bool done;

        *error = (struct error){0};
        done = store_run(b->inbox->store, apply_all, b, arena, error);
        arena_close(&arena);
        return done;
}

/* Tries until it is done, or the inbox closes. An event that never can be applied is turned into a dead letter. */
static bool persist(struct batch *b, struct error *error)
{
        int wait_ms = BACKOFF_FIRST_MS;

        while (!run_batch(b, error)) {
                if (never_will(error))
                        return false;
                log_write(LOG_WARN, "events cannot be applied now; trying again", "error.message", error->text, NULL);
                if (atomic_load(&b->inbox->closing))
                        return false;
                bus_idle(b->inbox->bus, wait_ms);
                wait_ms = wait_ms * 2 > BACKOFF_MOST_MS ? BACKOFF_MOST_MS : wait_ms * 2;
        }
        return true;
}

/* One of them is at fault: each alone, and the one that fails becomes a dead letter. */
static bool apply_apart(struct batch *all)
{
        for (size_t i = 0; i < all->count; i++) {
                struct batch one = {.inbox = all->inbox, .arrivals = &all->arrivals[i], .count = 1};
                struct error error;

                if (persist(&one, &error))
                        continue;
                if (!never_will(&error))
                        return false;
                one.arrivals->error = error;
                if (!persist(&one, &error))
                        return false;
        }
        return true;
}

static const char *type_of(const struct arrival *a)
{
        return a->event.type ? a->event.type : "unknown";
}

static void report(struct inbox *inbox, const struct arrival *a)
{
        const char *type = type_of(a);
        char place[160];

        if (inbox->metrics)
                metric_add(metrics_series(inbox->metrics, &outcome_families[a->outcome], &type), 1);
        if (a->outcome != DEAD)
                return;
        snprintf(place, sizeof place, "%s[%d]@%lld", a->event.record->topic, a->event.record->partition,
                 (long long)a->event.record->offset);
        log_write(LOG_ERROR, "an event cannot be understood; it is a dead letter now", "event.place", place, "event.type", type,
                  "error.message", a->error.text, NULL);
}

static size_t pick(struct inbox *inbox, const struct record *records, size_t count, struct arrival *arrivals, struct arena *arena)
{
        size_t ours = 0;

        for (size_t i = 0; i < count; i++) {
                struct arrival *a = &arrivals[ours];
                enum event_verdict verdict;

                *a = (struct arrival){0};
                verdict = event_read(&records[i], inbox->reactions, arena, &a->event, &a->error);
                if (verdict == EVENT_BROKEN)
                        a->event.type = NULL;
                ours += verdict != EVENT_FOREIGN;
        }
        return ours;
}

static bool apply(struct inbox *inbox, const struct record *records, size_t count, struct arena *arena)
{
        struct batch b = {.inbox = inbox, .arrivals = arena_alloc(arena, count * sizeof *b.arrivals)};
        struct error error;

        b.count = pick(inbox, records, count, b.arrivals, arena);
        if (!b.count)
                return true;
        if (!persist(&b, &error) && !(never_will(&error) && apply_apart(&b)))
                return false;
        for (size_t i = 0; i < b.count; i++)
                report(inbox, &b.arrivals[i]);
        return true;
}

static void say_bus(struct inbox *inbox, const struct error *error)
{
        bool away = error->kind != ERROR_NONE;

        if (away && !inbox->away)
                log_write(LOG_WARN, "the bus is away; waiting for it", "error.message", error->text, NULL);
        else if (!away && inbox->away)
                log_write(LOG_INFO, "the bus is back", NULL);
        inbox->away = away;
}

static void *inbox_main(void *arg)
{
        struct inbox *inbox = arg;
        struct record *records = memory_alloc(POLL_MOST * sizeof *records);
        struct arena *arena = arena_open();

        while (!atomic_load(&inbox->closing)) {
                struct error error = {0};
                size_t count = bus_poll(inbox->bus, records, POLL_MOST, POLL_WAIT_MS, arena, &error);

                say_bus(inbox, &error);
                if (count && apply(inbox, records, count, arena) && !bus_commit(inbox->bus, &error))
                        log_write(LOG_WARN, "the group's position could not be kept", "error.message", error.text, NULL);
                arena_reset(arena);
        }
        arena_close(&arena);
        free(records);
        return NULL;
}

/* Of a type that nobody could read, the body decides. */
static bool is_wanted(const void *reactions, const char *type, size_t len)
{
        return reaction_named(reactions, type, len) || !utf8_is_valid(type, len) || memchr(type, '\0', len);
}

struct inbox *inbox_open(const struct inbox_config *config, struct error *error)
{
        struct inbox *inbox = memory_alloc(sizeof *inbox);
        struct bus_config bus = config->bus;

        inbox->store = config->store;
        inbox->group = config->group;
        inbox->reactions = config->reactions;
        inbox->metrics = config->metrics;
        bus.wanted = is_wanted;
        bus.wanted_arg = config->reactions;
        inbox->bus = bus_open_reader(&bus, config->group, error);
        if (!inbox->bus) {
                free(inbox);
                return NULL;
        }
        inbox->thread = thread_start("inbox", inbox_main, inbox);
        return inbox;
}

void inbox_close(struct inbox **at, int wait_ms)
{
        struct inbox *inbox = *at;

        if (!inbox)
                return;
        *at = NULL;
        atomic_store(&inbox->closing, true);
        bus_wake(inbox->bus);
        pthread_join(inbox->thread, NULL);
        bus_close(&inbox->bus, wait_ms);
        free(inbox);
}
