/* The contract that every bus keeps. MALL_TEST_KAFKA=host:port adds the Kafka adapter. */
#include "event/bus.h"

#include "testing/bus_story.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void records_arrive_as_they_were_sent(void)
{
        static const char bytes[] = "\0\x01\x80\xff\xc3(\0end";
        const struct record_header headers[] = {{"contentType", "\"application/json\"", 18},
                                                {"raw", bytes, sizeof bytes},
                                                {"empty", "", 0},
                                                {"none", NULL, 0}};
        struct record sent[] = {
                {.key = "1",
                 .key_len = 1,
                 .value = "{\"a\":1}",
                 .value_len = 7,
                 .headers = headers,
                 .header_count = 4,
                 .timestamp_ms = 1795358923623},
                {.key = bytes, .key_len = sizeof bytes, .value = bytes, .value_len = sizeof bytes},
                {.key = NULL, .value = NULL},
                {.key = "", .key_len = 0, .value = "", .value_len = 0},
        };
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *reader = open_reader(url, "g");
        struct arena *arena = arena_open();
        struct record got[4];

        publish(publisher, sent, 4);
        hear(reader, got, 4, arena);
        for (int i = 0; i < 4; i++) {
                check_int(became[i].result, BUS_PUBLISHED);
                check_int((int64_t)got[i].key_len, (int64_t)sent[i].key_len);
                check_int((int64_t)got[i].value_len, (int64_t)sent[i].value_len);
                check(!got[i].key == !sent[i].key && !got[i].value == !sent[i].value);
                check(i == 0 || got[i].offset > got[i - 1].offset);
        }
        check_text(got[0].value, "{\"a\":1}");
        check_int(got[0].timestamp_ms, 1795358923623);
        check(got[2].timestamp_ms > 0);
        check(memcmp(got[1].value, bytes, sizeof bytes) == 0 &&
              memcmp(got[1].key, bytes, sizeof bytes) == 0);
        check_int((int64_t)got[0].header_count, 4);
        check_text(got[0].headers[0].name, "contentType");
        check_text(got[0].headers[0].value, "\"application/json\"");
        check(got[0].headers[1].len == sizeof bytes &&
              memcmp(got[0].headers[1].value, bytes, sizeof bytes) == 0);
        check(got[0].headers[2].value && !got[0].headers[2].len && !got[0].headers[3].value &&
              !got[0].headers[3].len);
        check_int((int64_t)got[1].header_count, 0);
        arena_close(&arena);
        bus_close(&reader, 5000);
        bus_close(&publisher, 5000);
}

static void every_group_hears_all(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *one, *two;

        say(publisher, "1", "first");
        say(publisher, "2", "second");
        one = open_reader(url, "one");
        two = open_reader(url, "two");
        expect(one, "first");
        expect(two, "first");
        expect(two, "second");
        expect(one, "second");
        bus_close(&one, 5000);
        bus_close(&two, 5000);
        bus_close(&publisher, 5000);
}

/* On Kafka they share the partitions, on the event log each reads all. */
static void readers_of_a_group_hear_all_between_them(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url),
                   *pair[2] = {open_reader(url, "g"), open_reader(url, "g")};
        int64_t end = clock_mono_us() + PATIENCE_MS * 1000;
        struct arena *arena = arena_open();
        bool heard[100] = {false};
        int left = 100;

        for (int i = 0; i < 100; i++) {
                char text[16];

                snprintf(text, sizeof text, "%d", i);
                say(publisher, text, text);
        }
        for (int turn = 0; left > 0 && clock_mono_us() < end; turn++) {
                struct record r[10];
                struct error e;
                size_t count = bus_poll(pair[turn % 2], r, 10, 50, arena, &e);

                for (size_t i = 0; i < count; i++) {
                        left -= !heard[atoi(r[i].value)];
                        heard[atoi(r[i].value)] = true;
                }
                bus_commit(pair[turn % 2]);
        }
        check_int(left, 0);
        arena_close(&arena);
        bus_close(&pair[0], 5000);
        bus_close(&pair[1], 5000);
        bus_close(&publisher, 5000);
}

static void a_group_goes_on_behind_its_commit(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *reader = open_reader(url, "g");

        say(publisher, "1", "applied");
        say(publisher, "1", "polled only");
        say(publisher, "1", "never polled");
        expect(reader, "applied");
        bus_commit(reader);
        expect(reader, "polled only");
        bus_close(&reader, 5000);
        reader = open_reader(url, "g");
        expect(reader, "polled only");
        expect(reader, "never polled");
        bus_commit(reader);
        bus_close(&reader, 5000);
        say(publisher, "1", "fresh");
        reader = open_reader(url, "g");
        expect(reader, "fresh");
        bus_close(&reader, 5000);
        bus_close(&publisher, 5000);
}

static void *hear_one(void *arg)
{
        struct arena *arena = arena_open();
        struct record r;
        struct error e;
        size_t count = bus_poll(arg, &r, 1, PATIENCE_MS, arena, &e);

        arena_close(&arena);
        return (void *)(uintptr_t)count;
}

static void a_waiting_reader_wakes(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *reader = open_reader(url, "g");
        pthread_t thread;
        void *count;

        say(publisher, "1", "first");
        expect(reader, "first");
        pthread_create(&thread, NULL, hear_one, reader);
        say(publisher, "1", "second");
        pthread_join(thread, &count);
        check_int((int64_t)(uintptr_t)count, 1);
        bus_close(&reader, 5000);
        bus_close(&publisher, 5000);
}

static void waking_ends_a_wait(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *reader = open_reader(url, "g");
        int64_t start = clock_mono_us();
        pthread_t thread;
        void *count;

        say(publisher, "1", "first");
        expect(reader, "first");
        for (int i = 0; i < 3; i++) {
                pthread_create(&thread, NULL, hear_one, reader);
                usleep(i * 20000); /* before the wait, about when it begins, in it */
                bus_wake(reader);
                pthread_join(thread, &count);
                check_int((int64_t)(uintptr_t)count, 0);
        }
        bus_wake(reader);
        bus_idle(reader, PATIENCE_MS);
        check(clock_mono_us() - start < PATIENCE_MS * 1000);
        bus_close(&reader, 5000);
        bus_close(&publisher, 5000);
}

static void keys_keep_their_order(void)
{
        enum { KEYS = 7, COUNT = 5000 };
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *reader = open_reader(url, "g");
        struct arena *arena = arena_open();
        struct record *batch = arena_alloc(arena, MOST * sizeof *batch);
        int next[KEYS] = {0}, sent = 0;

        for (size_t size = 1; sent < COUNT; size = size * 3 % MOST + 1) {
                for (size_t i = 0; i < size; i++, sent++)
                        batch[i] = (struct record){.key = arena_printf(arena, "%d", sent % KEYS),
                                                   .key_len = 1,
                                                   .value = arena_printf(arena, "%7d", sent / KEYS),
                                                   .value_len = 7};
                publish(publisher, batch, size);
        }
        for (int got = 0; got < sent; got++) {
                struct record *r = batch + got % MOST;

                if (got % MOST == 0)
                        hear(reader, batch, sent - got < MOST ? (size_t)(sent - got) : MOST, arena);
                check_int(atoi(r->value), next[r->key[0] - '0']++);
        }
        arena_close(&arena);
        bus_close(&reader, 5000);
        bus_close(&publisher, 5000);
}

static void a_record_that_never_fits_is_refused(void)
{
        size_t large = BUS_VALUE_MAX;
        char *value = memory_alloc(large + 1);
        struct record r[] = {
                {.value = "before", .value_len = 6},
                {.value = value, .value_len = large + 1},
                {.value = "x", .value_len = 1, .topic = "no topic"},
                {.value = value, .value_len = large, .key = "k", .key_len = 1},
        };
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *reader = open_reader(url, "g");
        struct arena *arena = arena_open();

        publish(publisher, r, 4);
        check_int(became[0].result, BUS_PUBLISHED);
        check_int(became[1].result, BUS_REFUSED);
        check_contains(became[1].reason, "too large");
        check_int(became[2].result, BUS_REFUSED);
        check_contains(became[2].reason, "topic");
        check_int(became[3].result, BUS_PUBLISHED);
        hear(reader, r, 2, arena);
        check_text(r[0].value, "before");
        check_int((int64_t)r[1].value_len, (int64_t)large);
        arena_close(&arena);
        free(value);
        bus_close(&reader, 5000);
        bus_close(&publisher, 5000);
}

static void dead_letters_have_a_topic_of_their_own(void)
{
        const char *url = story_url();
        char topic[64];
        struct bus *publisher = open_publisher(url), *reader = open_reader(url, "g");
        struct record r[] = {{.value = "dead", .value_len = 4, .topic = topic},
                             {.value = "alive", .value_len = 5}};

        snprintf(topic, sizeof topic, "error.mall.%lld", (long long)clock_mono_us());
        publish(publisher, r, 2);
        check_int(became[0].result, BUS_PUBLISHED);
        expect(reader, "alive");
        bus_close(&reader, 5000);
        bus_close(&publisher, 5000);
}

static void wrong_urls_are_named(void)
{
        static const char *const wrong[] = {"",
                                            "log:",
                                            "mqtt://x/y",
                                            "kafka://",
                                            "kafka://host:1",
                                            "kafka://host:1/",
                                            "kafka:///mall",
                                            "kafka://host:1/a b",
                                            "kafka://user:secret@host:1/mall",
                                            "kafka://host:1/a/b",
                                            NULL};

        for (int i = 0; wrong[i]; i++) {
                struct error e = {0};
                struct bus *bus = bus_open_publisher(
                        &(struct bus_config){.url = wrong[i], .client = "test"}, &e);

                check(!bus);
                check_int(e.kind, ERROR_BAD_INPUT);
                check(!strstr(e.text, "secret"));
        }
}

static const struct story contract[] = {
        STORY(records_arrive_as_they_were_sent),
        STORY(every_group_hears_all),
        STORY(readers_of_a_group_hear_all_between_them),
        STORY(a_group_goes_on_behind_its_commit),
        STORY(a_waiting_reader_wakes),
        STORY(waking_ends_a_wait),
        STORY(keys_keep_their_order),
        STORY(a_record_that_never_fits_is_refused),
        STORY(dead_letters_have_a_topic_of_their_own),
        STORY(wrong_urls_are_named),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return on_every_bus(contract, argc, argv);
}
