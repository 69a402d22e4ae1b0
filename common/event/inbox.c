#include "event/inbox.h"

#include "base/log.h"
#include "base/thread.h"
#include "base/utf8.h"
#include "event/dead_letter.h"
#include "event/own.h"

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
        struct own *own;
        pthread_t thread;
        _Atomic bool closing;
        enum error_kind trouble; /* with the bus; the log says so */
        bool keyless;            /* the log says that events come without keys */

        pthread_mutex_t lock; /* for the members below */
        char broken[256];     /* why the bus cannot be read, "": it can */
};

enum outcome {
        CONSUMED,  /* its reaction ran */
        DUPLICATE, /* it was applied before */
        DEAD,      /* it can never be applied: a dead letter */
        CLASHING,  /* another event came under its identity before: a dead letter too */
        OUTCOMES
};

/* One record to which a reaction belongs, or that cannot be read. */
struct received {
        struct event event;
        enum outcome outcome;
        struct error error; /* why it is a dead letter */
        bool bare;          /* the dead letter could not be stored with all that the record has */
};

struct batch {
        struct inbox *inbox;
        struct received *arrivals;
        size_t count;
};

static const struct metric_family outcome_families[OUTCOMES] = {
        [CONSUMED] = {"mall_events_consumed_total",
                      "Events applied",
                      METRIC_COUNTER,
                      {"event_type"}},
        [DUPLICATE] = {"mall_events_duplicate_total",
                       "Events that had been applied before",
                       METRIC_COUNTER,
                       {"event_type"}},
        [DEAD] = {"mall_events_dead_total",
                  "Events sent to the dead letter topic",
                  METRIC_COUNTER,
                  {"event_type"}},
        [CLASHING] = {"mall_events_clashing_total",
                      "Of the dead ones, those with the identity of another event",
                      METRIC_COUNTER,
                      {"event_type"}},
};

static const char clash[] = "another event came under its ce_source and ce_id before: was the "
                            "store of its sender restored from a backup?"
                            " See docs/backup.md";

/* The sender gave one identity to two events. Only one dead letter, however often the record is
   replayed: the letter's own identity is recorded too. */
static void apply_clashing(struct unit *unit, struct inbox *inbox, struct received *a)
{
        const struct event *e = &a->event;

        if (!unit_first_time(
                    unit, e->identity_source,
                    arena_printf(unit_arena(unit), "%s#%08x", e->identity, (unsigned)e->content)))
                return;
        a->outcome = CLASHING;
        dead_letter_write(unit, inbox->group, e, clash, a->bare);
}

static void apply_one(struct unit *unit, struct inbox *inbox, struct received *a,
                      const struct identity *identity)
{
        const struct event *e = &a->event;

        unit_trace(unit, e->traceparent);
        unit_cause(unit, event_id(e));
        if (!identity->first) {
                a->outcome = DUPLICATE;
                if (identity->other)
                        apply_clashing(unit, inbox, a);
                return;
        }
        if (a->error.kind != ERROR_NONE) {
                a->outcome = DEAD;
                dead_letter_write(unit, inbox->group, e, a->error.text, a->bare);
                return;
        }
        a->outcome = CONSUMED;
        reaction_for(inbox->reactions, e->type)->react(unit, e);
}

static void apply_all(struct unit *unit, void *arg)
{
        struct batch *b = arg;
        struct identity *identities = arena_alloc(unit_arena(unit), b->count * sizeof *identities);

        for (size_t i = 0; i < b->count; i++) {
                const struct event *e = &b->arrivals[i].event;

                identities[i] = (struct identity){
                        .source = e->identity_source, .id = e->identity, .content = e->content};
        }
        unit_first_times(unit, identities, b->count);
        for (size_t i = 0; i < b->count && !unit_failed(unit); i++)
                apply_one(unit, b->inbox, &b->arrivals[i], &identities[i]);
}

static bool never_will(const struct error *error)
{
        return error->kind != ERROR_UNAVAILABLE && error->kind != ERROR_INTERNAL &&
               error->kind != ERROR_CONFLICT;
}

static bool run_batch(struct batch *b, struct error *error)
{
        struct arena *arena = arena_open();
        bool done;

        done = store_run(b->inbox->store, apply_all, b, arena, error);
        arena_close(&arena);
        return done;
}

/* Tries until it succeeds or the inbox closes. stubborn: whatever the error is. Otherwise an
   error that does not pass is the caller's, who makes a dead letter. */
static bool persist(struct batch *b, bool stubborn, struct error *error)
{
        int wait_ms = BACKOFF_FIRST_MS;

        while (!run_batch(b, error)) {
                if (!stubborn && never_will(error))
                        return false;
                log_write(LOG_WARN, "events cannot be applied now; trying again", "error.message",
                          error->text, NULL);
                if (atomic_load(&b->inbox->closing))
                        return false;
                bus_idle(b->inbox->bus, wait_ms);
                wait_ms = wait_ms * 2 > BACKOFF_MOST_MS ? BACKOFF_MOST_MS : wait_ms * 2;
        }
        return true;
}

/* An event that fails becomes a dead letter; if that cannot be stored either, a dead letter
   without the record's contents. If even that fails, the store is at fault, and nothing is
   skipped. False: closing. */
static bool apply_alone(struct batch *one)
{
        struct received *a = one->arrivals;
        struct error error;

        if (persist(one, false, &error))
                return true;
        if (never_will(&error) && a->error.kind == ERROR_NONE) {
                a->error = error;
                if (persist(one, false, &error))
                        return true;
        }
        if (!never_will(&error))
                return false;
        log_write(LOG_ERROR, "a dead letter cannot be kept as it is; only where it was and why is",
                  "error.message", error.text, NULL);
        a->bare = true;
        return persist(one, true, &error);
}

/* One of them is at fault: applies each alone. */
static bool apply_apart(struct batch *all)
{
        for (size_t i = 0; i < all->count; i++) {
                struct batch one = {.inbox = all->inbox, .arrivals = &all->arrivals[i], .count = 1};

                if (!apply_alone(&one))
                        return false;
        }
        return true;
}

static void count(struct inbox *inbox, enum outcome outcome, const char *label)
{
        if (inbox->metrics)
                metric_add(metrics_series(inbox->metrics, &outcome_families[outcome], &label), 1);
}

static const char *place_of(const struct event *e, char place[static 160])
{
        snprintf(place, 160, "%s[%d]@%lld", e->record->topic, e->record->partition,
                 (long long)e->record->offset);
        return place;
}

static void report(struct inbox *inbox, const struct received *a)
{
        const char *label = event_label(inbox->reactions, a->event.type);
        char place[160];

        count(inbox, a->outcome, label);
        if (a->outcome == CLASHING)
                count(inbox, DEAD, label);
        if (a->outcome != DEAD && a->outcome != CLASHING)
                return;
        log_write(LOG_ERROR,
                  a->outcome == DEAD
                          ? "an event cannot be understood; it is a dead letter now"
                          : "two events have one identity; the second is a dead letter now",
                  "event.place", place_of(&a->event, place), "event.type", label, "event.source",
                  a->event.identity_source, "event.id", a->event.identity, "error.message",
                  a->outcome == DEAD ? a->error.text : clash, NULL);
}

/* With several partitions only a key keeps the events of one order in sequence. A producer with
   CloudEvents headers leaves the key out where there is nothing to keep in sequence, such as a
   delivery without an order. */
static void look_for_key(struct inbox *inbox, const struct event *e)
{
        char place[160];

        if (inbox->keyless || e->record->key || e->source[0] || !e->record->partition)
                return;
        inbox->keyless = true;
        log_write(LOG_WARN,
                  "events come without a key on a topic of several partitions: those of one order "
                  "may overtake each other. Let their sender give"
                  " keys, or remove the topic and have it made with one partition "
                  "(MALL_TOPIC_PARTITIONS=1). Said once.",
                  "event.place", place_of(e, place), "event.type", e->type, NULL);
}

static size_t pick(struct inbox *inbox, const struct record *records, size_t count,
                   struct received *arrivals, struct arena *arena)
{
        size_t ours = 0;

        for (size_t i = 0; i < count; i++) {
                struct received *a = &arrivals[ours];
                enum event_verdict verdict;

                *a = (struct received){0};
                verdict = event_read(&records[i], inbox->reactions, arena, &a->event, &a->error);
                if (verdict == EVENT_OURS)
                        look_for_key(inbox, &a->event);
                ours += verdict != EVENT_FOREIGN;
        }
        return ours;
}

static bool apply(struct inbox *inbox, const struct record *records, size_t count,
                  struct arena *arena)
{
        struct batch b = {.inbox = inbox,
                          .arrivals = arena_alloc(arena, count * sizeof *b.arrivals)};
        struct error error;

        b.count = pick(inbox, records, count, b.arrivals, arena);
        if (!b.count)
                return true;
        if (!persist(&b, false, &error) && !(never_will(&error) && apply_apart(&b)))
                return false;
        for (size_t i = 0; i < b.count; i++)
                report(inbox, &b.arrivals[i]);
        return true;
}

/* Logs once when an outage begins, and once when it is over. */
static void say_bus(struct inbox *inbox, const struct error *error)
{
        enum error_kind before = inbox->trouble, now = error->kind;
        bool broken = now != ERROR_NONE && !error_is_passing(now);

        inbox->trouble = now;
        if (now == before)
                return;
        pthread_mutex_lock(&inbox->lock);
        snprintf(inbox->broken, sizeof inbox->broken, "%s", broken ? error->text : "");
        pthread_mutex_unlock(&inbox->lock);
        if (broken)
                log_write(LOG_ERROR,
                          "the bus cannot be read and needs repair; trying again each second",
                          "error.message", error->text, NULL);
        else if (now != ERROR_NONE)
                log_write(LOG_WARN, "the bus is away; waiting for it", "error.message", error->text,
                          NULL);
        else
                log_write(LOG_INFO, "the bus is back", NULL);
}

bool inbox_is_well(struct inbox *inbox, char why[256])
{
        pthread_mutex_lock(&inbox->lock);
        snprintf(why, 256, "%s", inbox->broken);
        pthread_mutex_unlock(&inbox->lock);
        return !why[0];
}

static void *inbox_main(void *arg)
{
        struct inbox *inbox = arg;
        struct record *records = memory_alloc(POLL_MOST * sizeof *records);
        struct arena *arena = arena_open();

        while (!atomic_load(&inbox->closing)) {
                struct error error = {0};
                size_t count =
                        bus_poll(inbox->bus, records, POLL_MOST, POLL_WAIT_MS, arena, &error);

                say_bus(inbox, &error);
                own_check(inbox->own);
                if (count && apply(inbox, records, count, arena))
                        bus_commit(inbox->bus);
                arena_reset(arena);
        }
        arena_close(&arena);
        free(records);
        return NULL;
}

/* If the type's header is not readable, the body decides. */
static bool is_wanted(void *arg, const struct bus_sign *sign)
{
        struct inbox *inbox = arg;
        const struct bus_word *type = &sign->type;

        own_hear(inbox->own, sign);
        return !type->at || reaction_named(inbox->reactions, type->at, type->len) ||
               !utf8_is_valid(type->at, type->len) || memchr(type->at, '\0', type->len);
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
        bus.wanted_arg = inbox;
        inbox->bus = bus_open_reader(&bus, config->group, error);
        if (!inbox->bus) {
                free(inbox);
                return NULL;
        }
        pthread_mutex_init(&inbox->lock, NULL);
        inbox->own = own_open(config->store, &config->bus, config->group);
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
        own_close(&inbox->own);
        bus_close(&inbox->bus, wait_ms);
        pthread_mutex_destroy(&inbox->lock);
        free(inbox);
}
