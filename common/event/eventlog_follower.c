/* eventlog_follower - follows the event log (bus_open_follower): reads it without a group, and
   writes nothing to it.

   The file may be missing, may be replaced by a new one, or may go back to an older state: once a
   second the follower looks whether it still has the file of that name, and whether the file ends
   before the place where it is. In all these cases it begins again. */
#include "event/bus_adapter.h"

#include "base/clock.h"
#include "event/eventlog.h"

#include <pthread.h>
#include <stdlib.h>

enum {
        LOOK_US = 1000 * 1000,
        GATHER_US = 10 * 1000, /* so that small appends, thousands a second, cost few reads */
};

struct follower {
        struct bus bus;
        char *path;
        int64_t last;     /* how far it may be behind */
        int64_t position; /* the offset of the last record that it has passed */
        int64_t looked_us;
        int64_t caught_up_us;      /* when it last read less than it might have; 0: it did not */
        pthread_mutex_t file_lock; /* any thread calls bus_wake */
        struct eventlog *file;     /* NULL: there is none, or it cannot be opened: */
        struct error trouble;
};

static struct follower *follower_of(struct bus *bus)
{
        return CONTAINER_OF(bus, struct follower, bus);
}

static void put_file(struct follower *f, struct eventlog *file)
{
        struct eventlog *before;

        pthread_mutex_lock(&f->file_lock);
        before = f->file;
        f->file = file;
        pthread_mutex_unlock(&f->file_lock);
        eventlog_close(&before);
}

/* A file that does not exist yet is no trouble. */
static void open_file(struct follower *f)
{
        struct eventlog *file;

        f->trouble.kind = ERROR_NONE;
        file = eventlog_open(f->path, EVENTLOG_INSPECTS, &f->trouble);
        if (f->trouble.kind == ERROR_NOT_FOUND)
                f->trouble.kind = ERROR_NONE;
        if (!file)
                return;
        f->position = eventlog_before_last(file, f->bus.topic, f->last);
        put_file(f, file);
}

static void look(struct follower *f)
{
        int64_t now = clock_mono_us();

        if (now - f->looked_us < LOOK_US)
                return;
        f->looked_us = now;
        if (f->file && !eventlog_is_in_place(f->file))
                put_file(f, NULL);
        if (!f->file)
                open_file(f);
        else if (eventlog_end(f->file, NULL) < f->position)
                f->position = eventlog_before_last(f->file, f->bus.topic, f->last);
}

static void skip_ahead(struct follower *f)
{
        int64_t target = eventlog_end(f->file, f->bus.topic) - f->last;

        if (target <= f->position)
                return;
        f->bus.passed_over += target - f->position;
        f->position = target;
}

/* Waits until a while after the last read, if that one found the end. */
static void gather(struct follower *f, int64_t wait_us)
{
        int64_t left = f->caught_up_us + GATHER_US - clock_mono_us();

        if (left > wait_us)
                left = wait_us;
        if (left > 0)
                futex_word_wait(&f->bus.woken, 0, left);
}

static size_t read_file(struct follower *f, struct record *records, size_t most,
                        struct arena *arena, struct error *error)
{
        size_t count;
        int64_t before;

        if (!f->file) {
                *error = f->trouble;
                return 0;
        }
        error->kind = ERROR_NONE;
        skip_ahead(f);
        before = f->position;
        count = eventlog_read_wanted(f->file, &f->bus, &f->position, records, most, arena, error);
        f->caught_up_us = f->position - before < (int64_t)most ? clock_mono_us() : 0;
        return count;
}

/* An append wakes a follower that has a file; after trouble it would only come again. */
static void wait_for_more(struct follower *f, uint32_t loaded, bool trouble, int64_t wait_us)
{
        if (wait_us > LOOK_US)
                wait_us = LOOK_US;
        if (f->file && !trouble)
                futex_wait(eventlog_futex(f->file), loaded, wait_us);
        else
                futex_word_wait(&f->bus.woken, 0, wait_us);
}

static size_t follower_poll(struct bus *bus, struct record *records, size_t most, int wait_ms,
                            struct arena *arena, struct error *error)
{
        struct follower *f = follower_of(bus);
        int64_t end = clock_mono_us() + (int64_t)wait_ms * 1000, rest;

        for (;;) {
                uint32_t loaded;
                int64_t before;
                size_t count;

                look(f);
                gather(f, end - clock_mono_us());
                loaded = f->file ? futex_load(eventlog_futex(f->file)) : 0;
                before = f->position;
                count = read_file(f, records, most, arena, error);
                rest = end - clock_mono_us();
                if (count || rest <= 0 || bus_was_woken(bus))
                        return count;
                if (f->position == before)
                        wait_for_more(f, loaded, error->kind != ERROR_NONE, rest);
        }
}

static void follower_wake(struct bus *bus)
{
        struct follower *f = follower_of(bus);

        futex_word_wake(&bus->woken);
        pthread_mutex_lock(&f->file_lock);
        if (f->file)
                futex_wake(eventlog_futex(f->file));
        pthread_mutex_unlock(&f->file_lock);
}

static void follower_close(struct bus *bus, int wait_ms)
{
        struct follower *f = follower_of(bus);

        (void)wait_ms;
        eventlog_close(&f->file);
        pthread_mutex_destroy(&f->file_lock);
        free(f->path);
        bus_free(&f->bus);
        free(f);
}

static const struct bus_ops follower_ops = {
        .close = follower_close,
        .poll = follower_poll,
        .wake = follower_wake,
};

struct bus *eventlog_follow(const struct bus_config *config, const char *path, int64_t last,
                            struct error *error)
{
        struct follower *f;

        (void)config;
        if (!*path) {
                error_set(error, ERROR_BAD_INPUT, "the bus log:PATH needs a path");
                return NULL;
        }
        f = memory_alloc(sizeof *f);
        f->bus.ops = &follower_ops;
        f->bus.topic = memory_string(EVENTLOG_TOPIC);
        f->path = memory_string(path);
        f->last = last;
        pthread_mutex_init(&f->file_lock, NULL);
        look(f);
        if (f->trouble.kind == ERROR_NONE)
                return &f->bus;
        *error = f->trouble;
        follower_close(&f->bus, 0);
        return NULL;
}
