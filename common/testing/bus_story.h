/* bus_story - for tests of the bus's contract only: publishers and readers in one line, on each
   bus. MALL_TEST_KAFKA=host:port adds the Kafka adapter. */
#ifndef TESTING_BUS_STORY_H
#define TESTING_BUS_STORY_H

#include "base/clock.h"
#include "event/bus.h"
#include "testing/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 30 * 1000, MOST = 600 };

static const char *broker; /* NULL: the stories run on the event log */

static inline const char *story_url(void)
{
        static char url[256];
        static int stories;

        if (broker)
                snprintf(url, sizeof url, "kafka://%s/story-%d-%d", broker, (int)getpid(),
                         ++stories);
        else
                snprintf(url, sizeof url, "log:%s/mall.log", check_directory());
        return url;
}

/* Each story has groups of its own, because on Kafka they outlive it. */
static inline struct bus *open_publisher(const char *url)
{
        struct error e = {0};
        struct bus *bus =
                bus_open_publisher(&(struct bus_config){.url = url, .client = "test"}, &e);

        check_text(e.text, "");
        return bus;
}

static inline struct bus *open_reader(const char *url, const char *group)
{
        struct error e = {0};
        struct bus *bus;
        char name[300];

        snprintf(name, sizeof name, "%s-%s", group, strrchr(url, '/') + 1);
        bus = bus_open_reader(&(struct bus_config){.url = url, .client = "test"}, name, &e);
        check_text(e.text, "");
        return bus;
}

/* The results of the last publish(), one for each record. */
static struct bus_result became[MOST];

/* Hands the records over once, and waits until all have a result. */
static inline void publish(struct bus *bus, struct record *records, size_t count)
{
        int64_t end = clock_mono_us() + PATIENCE_MS * 1000;
        struct bus_result results[MOST];
        struct error e = {0};

        while (!bus_parts(bus, &e))
                check(clock_mono_us() < end);
        for (size_t i = 0; i < count; i++)
                records[i].tag = (int64_t)i + 1;
        check(bus_send(bus, records, count, &e));
        for (size_t done = 0; done < count;) {
                size_t some = bus_results(bus, results, MOST, 1000, &e);

                check(clock_mono_us() < end);
                for (size_t i = 0; i < some; i++)
                        became[results[i].tag - 1] = results[i];
                done += some;
        }
}

static inline void say(struct bus *bus, const char *key, const char *value)
{
        struct record r = {.key = key,
                           .key_len = key ? strlen(key) : 0,
                           .value = value,
                           .value_len = strlen(value)};

        publish(bus, &r, 1);
        check_int(became[0].result, BUS_PUBLISHED);
}

static inline void hear(struct bus *bus, struct record *records, size_t count, struct arena *arena)
{
        int64_t end = clock_mono_us() + PATIENCE_MS * 1000;
        struct error e;
        size_t got = 0;

        while (got < count && clock_mono_us() < end)
                got += bus_poll(bus, records + got, count - got, 500, arena, &e);
        check_int((int64_t)got, (int64_t)count);
}

static inline void expect(struct bus *bus, const char *value)
{
        struct arena *arena = arena_open();
        struct record r;

        hear(bus, &r, 1, arena);
        check_text(r.value, value);
        arena_close(&arena);
}

static inline int on_every_bus(const struct story *stories, int argc, char **argv)
{
        int failed;

        puts("the log:");
        failed = check_main(stories, argc, argv);
        broker = getenv("MALL_TEST_KAFKA");
        if (!broker)
                return failed;
        puts("Kafka:");
        return check_main(stories, argc, argv) | failed;
}

#endif
