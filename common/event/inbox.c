#include "event/inbox_inside.h"

#include "base/clock.h"
#include "base/thread.h"
#include "base/utf8.h"
#include "event/dead_letter.h"
#include "event/own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MOST = 500, POLL_WAIT_MS = 1000, BACKOFF_FIRST_MS = 50, BACKOFF_MOST_MS = 5000 };

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
        dead_letter_write(unit, inbox->group, e, inbox_clash, a->bare);
}

static void apply_one(struct unit *unit, struct inbox *inbox, struct received *a,
                      const struct identity *identity)
{
        const struct event *e = &a->event;

        a->outcome = DUPLICATE;
        if (!identity->first && !identity->other)
                return;
        unit_trace(unit, process_span_traceparent(&a->span, e));
        unit_cause(unit, event_id(e));
        if (!identity->first) {
                apply_clashing(unit, inbox, a);
                return;
        }
        if (a->error.kind != ERROR_NONE) {
                a->outcome = DEAD;
                dead_letter_write(unit, inbox->group, e, a->error.text, a->bare);
                return;
        }
        a->outcome = CONSUMED;
        process_span_reaction(&a->span);
        reaction_for(inbox->reactions, e->type)->react(unit, e);
        process_span_reacted(&a->span);
}

struct rehearsal {
        struct inbox *inbox;
        const struct event *event;
};

static void rehearse_one(struct unit *unit, void *arg)
{
        const struct rehearsal *r = arg;

        reaction_for(r->inbox->reactions, r->event->type)->react(unit, r->event);
}

/* Else each event would wait for each row that it looks for. Those that came before are rehearsed
   too: to know them would cost a round trip, and they are few. */
static void rehearse(struct unit *unit, struct inbox_batch *b)
{
        for (size_t i = 0; i < b->count; i++)
                if (b->arrivals[i].error.kind == ERROR_NONE)
                        unit_rehearse(unit, rehearse_one,
                                      &(struct rehearsal){b->inbox, &b->arrivals[i].event});
}

static void apply_all(struct unit *unit, void *arg)
{
        struct inbox_batch *b = arg;
        struct identity *identities = arena_alloc(unit_arena(unit), b->count * sizeof *identities);

        for (size_t i = 0; i < b->count; i++) {
                const struct event *e = &b->arrivals[i].event;

                identities[i] = (struct identity){
                        .source = e->identity_source, .id = e->identity, .content = e->content};
        }
        rehearse(unit, b);
        unit_first_times(unit, identities, b->count);
        for (size_t i = 0; i < b->count && !unit_failed(unit); i++)
                apply_one(unit, b->inbox, &b->arrivals[i], &identities[i]);
}

static bool never_will(const struct error *error)
{
        return error->kind != ERROR_UNAVAILABLE && error->kind != ERROR_INTERNAL &&
               error->kind != ERROR_CONFLICT;
}

static bool run_batch(struct inbox_batch *b, struct error *error)
{
        struct arena *arena = arena_open();
        bool done;

        done = store_run(b->inbox->store, apply_all, b, arena, error);
        arena_close(&arena);
        return done;
}

/* Tries until it succeeds or the inbox closes. stubborn: whatever the error is. Otherwise an
   error that does not pass is the caller's, who makes a dead letter. */
static bool persist(struct inbox_batch *b, bool stubborn, struct error *error)
{
        int wait_ms = BACKOFF_FIRST_MS;

        while (!run_batch(b, error)) {
                if (!stubborn && never_will(error))
                        return false;
                inbox_say_again(b, error);
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
static bool apply_alone(struct inbox_batch *one)
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
        inbox_say_bare(a, &error);
        a->bare = true;
        return persist(one, true, &error);
}

/* One of them is at fault: applies each alone. */
static bool apply_apart(struct inbox_batch *all)
{
        for (size_t i = 0; i < all->count; i++) {
                struct inbox_batch one = {
                        .inbox = all->inbox, .arrivals = &all->arrivals[i], .count = 1};

                if (!apply_alone(&one))
                        return false;
        }
        return true;
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
                if (verdict == EVENT_FOREIGN || !event_is_for(&a->event, inbox->group, arena))
                        continue;
                process_span_begin(&a->span, &a->event, inbox->system, inbox->group, arena);
                if (verdict == EVENT_OURS)
                        inbox_look_for_key(inbox, &a->event);
                ours++;
        }
        return ours;
}

bool inbox_apply(struct inbox *inbox, const struct record *records, size_t count,
                 struct arena *arena)
{
        struct inbox_batch b = {.inbox = inbox,
                                .arrivals = arena_alloc(arena, count * sizeof *b.arrivals)};
        struct error error;
        int64_t committed_ms;

        b.count = pick(inbox, records, count, b.arrivals, arena);
        if (!b.count)
                return true;
        if (!persist(&b, false, &error) && !(never_will(&error) && apply_apart(&b)))
                return false;
        committed_ms = clock_wall_ms();
        for (size_t i = 0; i < b.count; i++)
                inbox_report(inbox, &b.arrivals[i], committed_ms);
        return true;
}

bool inbox_is_well(struct inbox *inbox, char why[256])
{
        pthread_mutex_lock(&inbox->lock);
        snprintf(why, 256, "%s", inbox->broken);
        pthread_mutex_unlock(&inbox->lock);
        return !why[0];
}

static size_t poll(struct inbox *inbox, struct record *records, struct arena *arena,
                   struct error *error)
{
        if (inbox->faults && !inbox_faults_pause(inbox))
                return 0;
        return bus_poll(inbox->bus, records, POLL_MOST, POLL_WAIT_MS, arena, error);
}

static bool apply(struct inbox *inbox, struct record *records, size_t count, struct arena *arena)
{
        return inbox->faults ? inbox_faults_apply(inbox, records, count, POLL_MOST, arena)
                             : inbox_apply(inbox, records, count, arena);
}

static void *inbox_main(void *arg)
{
        struct inbox *inbox = arg;
        struct record *records = memory_alloc(POLL_MOST * sizeof *records);
        struct arena *arena = arena_open();

        while (!atomic_load(&inbox->closing)) {
                struct error error = {0};
                size_t count = poll(inbox, records, arena, &error);

                inbox_say_bus(inbox, &error);
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
        inbox->faults = config->faults;
        inbox->applied_level = config->log_events ? LOG_INFO : LOG_DEBUG;
        inbox->system = messaging_system(config->bus.url);
        bus.wanted = is_wanted;
        bus.wanted_arg = inbox;
        inbox->bus = bus_open_reader(&bus, config->group, error);
        if (!inbox->bus) {
                free(inbox);
                return NULL;
        }
        pthread_mutex_init(&inbox->lock, NULL);
        inbox_report_none(inbox);
        inbox->own = own_open(config->store, &config->bus);
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
