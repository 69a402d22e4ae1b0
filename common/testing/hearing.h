/* hearing - for tests of the inbox only: an inbox on the event log that reads events about
   things, and the questions that a story asks about it. */
#ifndef TESTING_HEARING_H
#define TESTING_HEARING_H

#include "base/clock.h"
#include "data/store_inside.h"
#include "event/inbox.h"
#include "testing/publish.h"
#include "testing/thing.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

enum { PATIENCE_US = 20 * 1000000, CLOSE_MS = 2000, MANY = 1200 };

static _Atomic int refusals; /* how often "busy" is refused before it is taken */
static _Atomic int reacted;
static bool log_events; /* of the inbox that begins next */

/* A thing named "bad" can never be applied, one named "busy" not yet. Rehearsals do not count. */
static inline void take(struct unit *unit, const struct event *event)
{
        struct thing *t = event_row(unit, event, &thing_shape);

        reacted += !unit->rehearses;
        if (!unit_failed(unit) && t->name && strcmp(t->name, "bad") == 0)
                unit_refuse(unit, ERROR_BAD_INPUT, "name", "a bad thing");
        if (!unit_failed(unit) && t->name && strcmp(t->name, "busy") == 0 && !unit->rehearses &&
            atomic_fetch_sub(&refusals, 1) > 0)
                unit_refuse(unit, ERROR_UNAVAILABLE, NULL, "not now");
        thing_add_and_say(unit, t);
}

static const struct reaction reactions[] = {{"Thing", take}, {NULL, NULL}};

static struct {
        struct store *store;
        struct bus *publisher;
        struct inbox *inbox;
        struct metrics *metrics;
        struct arena *arena;
} t;

static inline struct bus_config bus_of_story(void)
{
        static char url[200];

        snprintf(url, sizeof url, "log:%s/mall.log", check_directory());
        return (struct bus_config){.url = url, .client = "test"};
}

static inline void listen_as(const char *group)
{
        struct inbox_config config = {.store = t.store,
                                      .bus = bus_of_story(),
                                      .group = group,
                                      .reactions = reactions,
                                      .metrics = t.metrics,
                                      .log_events = log_events};
        struct error e = {0};

        t.inbox = inbox_open(&config, &e);
        check_text(e.text, "");
}

static inline void begin(void)
{
        struct bus_config bus = bus_of_story();
        struct error e = {0};

        t.store = things_open();
        t.publisher = bus_open_publisher(&bus, &e);
        check_text(e.text, "");
        t.metrics = metrics_open();
        t.arena = arena_open();
        atomic_store(&refusals, 0);
        atomic_store(&reacted, 0);
}

static inline void end(void)
{
        inbox_close(&t.inbox, CLOSE_MS);
        bus_close(&t.publisher, CLOSE_MS);
        store_close(&t.store);
        metrics_close(&t.metrics);
        arena_close(&t.arena);
}

/* Changes the store's contents, as a restore does. */
static inline void third_party(const char *sql)
{
        struct error e = {0};
        bool shared = store_is_shared(t.store);
        struct db *db;

        if (!shared)
                store_close(&t.store); /* while it is open, no other may */
        db = db_open(things_url(), things_service(), DB_WRITER, &e);
        check_text(e.text, "");
        check(db_exec(db, sql, &e));
        db_close(&db);
        if (!shared)
                t.store = things_open();
}

static inline void publish(struct record *records, size_t count)
{
        struct error e = {0};

        check_int((int64_t)bus_publish(t.publisher, records, count, 10000, &e), (int64_t)count);
}

static inline void say_bytes(const char *ce_id, const char *value, size_t len)
{
        struct record_header h[] = {{"ce_source", "/other/1", 8},
                                    {"ce_id", ce_id, ce_id ? strlen(ce_id) : 0},
                                    {"ce_type", "Thing", 5}};
        struct record r = {.key = "k",
                           .key_len = 1,
                           .value = value,
                           .value_len = len,
                           .headers = h,
                           .header_count = ce_id ? 3 : 0};

        publish(&r, 1);
}

static inline void say(const char *ce_id, const char *value)
{
        say_bytes(ce_id, value, value ? strlen(value) : 0);
}

static inline const char *thing(const char *name)
{
        return arena_printf(t.arena,
                            "{\"eventType\":\"Thing\",\"timestamp\":1,\"id\":1,\"name\":\"%s\"}",
                            name);
}

static inline void wait_for_things(int64_t count)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        while (things_count(t.store) < count && clock_mono_us() < end_at)
                usleep(1000);
        check_int(things_count(t.store), count);
}

/* "a b c": by id */
static inline const char *names(void)
{
        struct text all = text_open(t.arena, 100);
        int64_t count = things_count(t.store);

        for (int64_t id = 1; id <= count; id++)
                text_printf(&all, "%s%s", id > 1 ? " " : "",
                            things_get(t.store, id, t.arena)->name);
        return all.at;
}

/* Waits until the metric has counted this many events; it counts after the commit. */
static inline void wait_for_metric(const char *name, const char *type, int count)
{
        const char *line = arena_printf(t.arena, "mall_events_%s_total{event_type=\"%s\"} %d\n",
                                        name, type, count);
        int64_t end_at = clock_mono_us() + PATIENCE_US;
        struct text page;

        do {
                page = text_open(t.arena, 4000);
                metrics_prometheus(t.metrics, false, &page);
        } while (!strstr(page.at, line) && clock_mono_us() < end_at && usleep(1000) == 0);
        check_contains(page.at, line);
}

static inline const char *header_of(const struct outbox_record *o, const char *wanted)
{
        const char *at = o->headers;
        struct packed_header h;

        while (packed_headers_next(&at, o->headers + o->headers_len, PACKED_FOR_OUTBOX, &h))
                if (strcmp(h.name, wanted) == 0)
                        return h.value ? arena_copy(t.arena, h.value, h.len) : "NULL";
        return "none";
}

/* The dead letters in the outbox; returns how many. */
static inline int dead_letters(struct outbox_record **letters)
{
        struct outbox_record *all = arena_alloc(t.arena, 2 * MANY * sizeof *all);
        struct error e = {0};
        size_t count;
        int dead = 0;

        check(outbox_read(t.store, 0, all, 2 * MANY, &count, t.arena, &e));
        for (size_t i = 0; i < count; i++)
                if (all[i].topic)
                        all[dead++] = all[i];
        *letters = all;
        return dead;
}

/* Checks that there are this many. */
static inline const struct outbox_record *letters(int count)
{
        struct outbox_record *all;

        check_int(dead_letters(&all), count);
        return all;
}

/* Keeps the log from here on: stderr goes to a file. */
static int kept_stderr = -1;

static inline void listen_to_log(void)
{
        int fd = open(arena_printf(t.arena, "%s/told", check_directory()),
                      O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);

        kept_stderr = dup(STDERR_FILENO);
        dup2(fd, STDERR_FILENO);
        close(fd);
}

static inline const char *told(void)
{
        int fd = open(arena_printf(t.arena, "%s/told", check_directory()), O_RDONLY);
        char *text = arena_alloc(t.arena, 65536);
        ssize_t len = read(fd, text, 65535);

        check(len >= 0);
        close(fd);
        return text;
}

static inline void stop_listening(void)
{
        dup2(kept_stderr, STDERR_FILENO);
        close(kept_stderr);
}

static inline void wait_for_told(const char *part)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        while (!strstr(told(), part) && clock_mono_us() < end_at)
                usleep(10000);
        check_contains(told(), part);
}

static inline int count_of(const char *text, const char *part)
{
        int count = 0;

        for (; (text = strstr(text, part)); text += strlen(part))
                count++;
        return count;
}

#endif
