/* eventlog_bus - the bus on an embedded log file (eventlog.h), for the daemons of one machine.

   Its own topic is `mall`, as with Kafka; dead letters lie in the same file under their own
   topic. A reader waits on the file's futex, and looks by itself every second, in case a writer
   died before it woke the readers. Group positions are written at most once a second: after a
   crash, records of the last second come again, and the inbox recognises them. */
#include "event/bus_adapter.h"

#include "base/clock.h"
#include "base/log.h"
#include "event/eventlog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        LOOK_US = 1000 * 1000, /* look without a wake; positions are written as late */
        RETIRE_MS = 60 * 1000,
        WARN_MS = 60 * 60 * 1000,
        RETIRE_PORTIONS_US = 20 * 1000,
};

struct eventlog_bus {
        struct bus bus;
        struct eventlog *file;
        struct metrics *metrics;

        /* reading */
        char *group;
        int64_t polled;    /* the last offset given out */
        int64_t committed; /* ... and applied */
        int64_t written;   /* ... and written to the file */
        bool stuck;        /* it cannot be written, and the log says so */
        int64_t tidied_us;
        struct metric *lag;

        /* publishing: retention */
        int64_t retention_ms;
        int64_t retired_ms, warned_ms; /* wall clock */
        int64_t portion_us;
        bool retiring;
};

static struct eventlog_bus *eventlog_bus(struct bus *bus)
{
        return CONTAINER_OF(bus, struct eventlog_bus, bus);
}

static void eventlog_bus_close(struct bus *bus, int wait_ms);

static bool place_is_right(const char *path)
{
        return *path;
}

static struct bus *eventlog_bus_open(const struct bus_config *config, const char *path,
                                     const char *group, struct error *error)
{
        struct eventlog_bus *b;
        bool ready;

        if (!place_is_right(path)) {
                error_set(error, ERROR_BAD_INPUT, "the bus log:PATH needs a path");
                return NULL;
        }
        b = memory_alloc(sizeof *b);
        b->bus.ops = &eventlog_bus_ops;
        b->bus.topic = memory_string(EVENTLOG_TOPIC);
        b->group = memory_string(group);
        b->metrics = config->metrics;
        b->retention_ms = config->retention_ms;
        b->file = eventlog_open(path, group ? EVENTLOG_READS : EVENTLOG_APPENDS, error);
        ready = b->file &&
                (!group || eventlog_join(b->file, group, b->bus.topic, &b->polled, error));
        b->committed = b->written = b->polled;
        if (ready) {
                b->lag = group ? bus_lag_series(config->metrics, b->bus.topic, 0) : NULL;
                return &b->bus;
        }
        eventlog_bus_close(&b->bus, 0);
        return NULL;
}

/* A position that cannot be written only costs time: the records are read again at the next
   start, and recognised. */
static void write_position(struct eventlog_bus *b)
{
        struct error error = {0};

        if (b->committed == b->written)
                return;
        if (eventlog_move(b->file, b->group, b->bus.topic, b->committed, &error))
                b->written = b->committed;
        else if (!b->stuck)
                log_write(LOG_WARN,
                          "the group's position cannot be written now; trying again each second",
                          "group", b->group, "error.message", error.text, NULL);
        b->stuck = error.kind != ERROR_NONE;
}

static void eventlog_bus_close(struct bus *bus, int wait_ms)
{
        struct eventlog_bus *b = eventlog_bus(bus);

        (void)wait_ms;
        if (b->file && b->group)
                write_position(b);
        eventlog_close(&b->file);
        free(b->group);
        bus_free(&b->bus);
        free(b);
}

static void show_lag(struct eventlog_bus *b)
{
        int64_t from = b->committed, behind;

        if (!from && (from = eventlog_first(b->file, b->bus.topic)))
                from--; /* a new group: older records may be deleted */
        behind = eventlog_end(b->file, b->bus.topic) - from;
        metric_set(b->lag, behind > 0 ? (double)behind : 0);
}

/* Once a second, whatever the reader is doing. */
static void tidy(struct eventlog_bus *b)
{
        int64_t now = clock_mono_us();

        if (now - b->tidied_us < LOOK_US)
                return;
        b->tidied_us = now;
        if (b->lag)
                show_lag(b);
        write_position(b);
}

static size_t eventlog_bus_poll(struct bus *bus, struct record *records, size_t most, int wait_ms,
                                struct arena *arena, struct error *error)
{
        struct eventlog_bus *b = eventlog_bus(bus);
        int64_t end = clock_mono_us() + (int64_t)wait_ms * 1000, rest;
        struct futex *wake = eventlog_futex(b->file);

        for (;;) {
                uint32_t loaded = futex_load(wake);
                int64_t before = b->polled;
                size_t count;

                error->kind = ERROR_NONE;
                count = eventlog_read_wanted(b->file, bus, &b->polled, records, most, arena, error);

                if (!count && !bus->handed_out)
                        b->committed = b->polled; /* none of the records was wanted */
                tidy(b);
                rest = end - clock_mono_us();
                if (count || rest <= 0 || bus_was_woken(bus))
                        return count;
                if (error->kind != ERROR_NONE)
                        futex_word_wait(&bus->woken, 0,
                                        rest < LOOK_US ? rest
                                                       : LOOK_US); /* a wake by other processes does
                                                                      not help here */
                else if (b->polled == before)
                        futex_wait(wake, loaded, rest < LOOK_US ? rest : LOOK_US);
        }
}

static void eventlog_bus_commit(struct bus *bus)
{
        struct eventlog_bus *b = eventlog_bus(bus);

        b->committed = b->polled;
        tidy(b);
}

static void eventlog_bus_idle(struct bus *bus, int wait_ms)
{
        struct eventlog_bus *b = eventlog_bus(bus);
        int64_t end = clock_mono_us() + (int64_t)wait_ms * 1000, rest;

        while (!bus_was_woken(bus) && (rest = end - clock_mono_us()) > 0) {
                tidy(b);
                futex_word_wait(&bus->woken, 0, rest < LOOK_US ? rest : LOOK_US);
        }
}

static void eventlog_bus_wake(struct bus *bus)
{
        futex_word_wake(&bus->woken);
        futex_wake(eventlog_futex(eventlog_bus(bus)->file));
}

static void show_groups(struct eventlog_bus *b)
{
        struct arena *arena = arena_open();
        struct eventlog_group *groups;
        struct error ignored;
        size_t count = b->metrics ? eventlog_groups(b->file, arena, &groups, &ignored) : 0;

        for (size_t i = 0; i < count; i++)
                metric_set(
                        metrics_series(b->metrics, &bus_families[BUS_GROUP_LAG], &groups[i].name),
                        (double)groups[i].lag);
        arena_close(&arena);
}

/* The wall clock may have stepped back: the distance counts in both directions. */
static bool is_due(int64_t now, int64_t last, int64_t every)
{
        return now - last >= every || last > now;
}

/* Each minute, old records are deleted in portions, one portion a publish, so that no publish
   waits long. */
static void retire(struct eventlog_bus *b)
{
        int64_t now = clock_wall_ms();
        char holder[128] = "";
        struct error e;

        if (!b->retiring && is_due(now, b->retired_ms, RETIRE_MS)) {
                b->retired_ms = now;
                b->retiring = b->retention_ms > 0;
                show_groups(b);
        }
        if (!b->retiring || clock_mono_us() - b->portion_us < RETIRE_PORTIONS_US)
                return;
        b->portion_us = clock_mono_us();
        if (!eventlog_retire(b->file, now - b->retention_ms, &b->retiring, holder, &e))
                log_write(LOG_WARN, "old events could not be deleted", "error.message", e.text,
                          NULL);
        if (holder[0] && is_due(now, b->warned_ms, WARN_MS)) {
                b->warned_ms = now;
                log_write(LOG_WARN,
                          "a group holds up the deletion of old events; `mallctl log forget` frees "
                          "them",
                          "group", holder, NULL);
        }
}

static int eventlog_bus_parts(struct bus *bus, struct error *error)
{
        (void)bus, (void)error;
        return 1;
}

static int eventlog_bus_lane(struct bus *bus, const char *key, size_t key_len)
{
        (void)bus, (void)key, (void)key_len;
        return 0;
}

/* All in one transaction: records that are taken are durable. */
static bool eventlog_bus_send(struct bus *bus, const struct record *records, size_t count,
                              struct error *error)
{
        struct eventlog_bus *b = eventlog_bus(bus);

        if (!eventlog_append(b->file, b->bus.topic, records, count, error))
                return false;
        for (size_t i = 0; i < count; i++)
                if (!bus_record_fault(&records[i]))
                        bus_tell(bus, records[i].tag, BUS_PUBLISHED, NULL);
        retire(b);
        return true;
}

const struct bus_ops eventlog_bus_ops = {
        .scheme = "log:",
        .place_is_right = place_is_right,
        .open = eventlog_bus_open,
        .follow = eventlog_follow,
        .close = eventlog_bus_close,
        .parts = eventlog_bus_parts,
        .lane = eventlog_bus_lane,
        .send = eventlog_bus_send,
        .poll = eventlog_bus_poll,
        .commit = eventlog_bus_commit,
        .idle = eventlog_bus_idle,
        .wake = eventlog_bus_wake,
        .look_back = eventlog_bus_look_back,
        .read_through = eventlog_read_through,
        .list_topics = eventlog_list_topics,
};
