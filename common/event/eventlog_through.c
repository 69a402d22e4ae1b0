/* eventlog_through - reads the event log without a group: all of it (bus_read_through), or its end
   (bus_look_back). */
#include "event/bus_adapter.h"

#include "event/eventlog.h"

#include <string.h>

enum {
        PORTION = 100,
        LOOK_BACK = 10000, /* records, some 10 ms */
};

/* Offsets count from 1 over all topics of the file. */
static bool look_for_beginning(struct eventlog *f, const struct bus_through *through,
                               struct arena *arena, struct error *error)
{
        struct record first;

        if (eventlog_read(f, NULL, 0, &first, 1, arena, error) == 1 && first.offset > 1)
                through->dropped(through->arg, 0);
        return error->kind == ERROR_NONE;
}

/* False: it was enough. */
static bool hand_out(const struct bus_through *through, const struct record *records, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (!through->take(through->arg, &records[i]))
                        return false;
        return true;
}

static bool read_all(struct eventlog *f, const char *topic, const struct bus_through *through,
                     struct arena *arena, struct error *error)
{
        struct record records[PORTION];
        int64_t after = 0, end = eventlog_end(f, topic);
        size_t count;

        while (after < end) {
                if (through->stop && atomic_load(through->stop))
                        return error_set(error, ERROR_UNAVAILABLE, "the reading was stopped");
                arena_reset(arena);
                count = eventlog_read(f, topic, after, records, PORTION, arena, error);
                if (!count || !hand_out(through, records, count))
                        break;
                after = records[count - 1].offset;
        }
        return error->kind == ERROR_NONE;
}

bool eventlog_read_through(const struct bus_config *config, const char *path,
                           const struct bus_through *through, struct error *error)
{
        struct eventlog *f = eventlog_open(path, EVENTLOG_INSPECTS, error);
        const char *topic = config->topic ? config->topic : EVENTLOG_TOPIC;
        struct arena *arena;
        bool good;

        if (!f)
                return false;
        arena = arena_open();
        good = (!through->dropped || look_for_beginning(f, through, arena, error)) &&
               read_all(f, topic, through, arena, error);
        arena_close(&arena);
        eventlog_close(&f);
        return good;
}

bool eventlog_list_topics(const struct bus_config *config, const char *path,
                          const struct bus_topics *topics, struct error *error)
{
        struct eventlog *f = eventlog_open(path, EVENTLOG_INSPECTS, error);
        struct arena *arena;
        const char *topic = topics->prefix;

        (void)config;
        if (!f)
                return false;
        arena = arena_open();
        while ((topic = eventlog_next_topic(f, topic, arena, error)) &&
               strncmp(topic, topics->prefix, strlen(topics->prefix)) == 0)
                topics->take(topics->arg, topic);
        arena_close(&arena);
        eventlog_close(&f);
        return error->kind == ERROR_NONE;
}

void eventlog_bus_look_back(const struct bus_config *config, const char *path,
                            const _Atomic bool *stop)
{
        struct bus reader = {.topic = memory_string(EVENTLOG_TOPIC),
                             .wanted = config->wanted,
                             .wanted_arg = config->wanted_arg};
        struct error ignored;
        struct eventlog *f = eventlog_open(path, EVENTLOG_INSPECTS, &ignored);

        (void)stop;
        if (f)
                eventlog_look_back(f, &reader, LOOK_BACK);
        eventlog_close(&f);
        bus_free(&reader);
}
