/* One contract for every bus. MALL_TEST_KAFKA=host:port adds the Kafka adapter. */
#include "event/bus.h"

#include "base/clock.h"
#include "testing/check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 30 * 1000, MOST = 600 };

static const char *broker; /* NULL: the log's turn */

static const char *story_url(void)
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

/* The groups of a story are its own on Kafka too, where they outlive it. */
static struct bus *open_publisher(const char *url)
{
        struct error e = {0};
        struct bus *bus =
                bus_open_publisher(&(struct bus_config){.url = url, .client = "test"}, &e);

        check_text(e.text, "");
        return bus;
}

static struct bus *open_reader(const char *url, const char *group)
{
        struct error e = {0};
        struct bus *bus;
        char name[300];

        snprintf(name, sizeof name, "%s-%s", group, strrchr(url, '/') + 1);
        bus = bus_open_reader(&(struct bus_config){.url = url, .client = "test"}, name, &e);
        check_text(e.text, "");
        return bus;
}

/* What became of the records of the last publish(), by their place. */
static struct bus_result became[MOST];

/* Hands them over once and waits until all have a result. */
static void publish(struct bus *bus, struct record *records, size_t count)
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

static void say(struct bus *bus, const char *key, const char *value)
{
        struct record r = {.key = key,
                           .key_len = key ? strlen(key) : 0,
                           .value = value,
                           .value_len = strlen(value)};

        publish(bus, &r, 1);
        check_int(became[0].result, BUS_PUBLISHED);
}

static void hear(struct bus *bus, struct record *records, size_t count, struct arena *arena)
{
        int64_t end = clock_mono_us() + PATIENCE_MS * 1000;
        struct error e;
        size_t got = 0;

        while (got < count && clock_mono_us() < end)
                got += bus_poll(bus, records + got, count - got, 500, arena, &e);
        check_int((int64_t)got, (int64_t)count);
}

static void expect(struct bus *bus, const char *value)
{
        struct arena *arena = arena_open();
        struct record r;

        hear(bus, &r, 1, arena);
        check_text(r.value, value);
        arena_close(&arena);
}

static void what_comes_is_what_went(void)
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

static bool wants_one(void *arg, const struct bus_sign *sign)
{
        return strlen(arg) == sign->type.len && memcmp(arg, sign->type.at, sign->type.len) == 0;
}

static struct bus *open_choosy(const char *url)
{
        struct error e = {0};
        static char wanted[] = "A";
        struct bus_config config = {
                .url = url, .client = "test", .wanted = wants_one, .wanted_arg = wanted};
        char name[300];
        struct bus *bus;

        snprintf(name, sizeof name, "choosy-%s", strrchr(url, '/') + 1);
        bus = bus_open_reader(&config, name, &e);
        check_text(e.text, "");
        return bus;
}

/* type NULL: no header */
static void say_type(struct bus *bus, const char *type, const char *value)
{
        struct record_header headers[] = {{"other", "A", 1},
                                          {"ce_type", type, type ? strlen(type) : 0}};
        struct record r = {.key = "1",
                           .key_len = 1,
                           .value = value,
                           .value_len = strlen(value),
                           .headers = headers,
                           .header_count = type ? 2 : 1};

        publish(bus, &r, 1);
        check_int(became[0].result, BUS_PUBLISHED);
}

static void expect_nothing(struct bus *bus)
{
        struct arena *arena = arena_open();
        struct error e;
        struct record r;

        check_int((int64_t)bus_poll(bus, &r, 1, 1000, arena, &e), 0);
        arena_close(&arena);
}

/* And what it passed over does not come again, whether something wanted came behind it or not. */
static void a_reader_hears_what_it_wants(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *reader = open_choosy(url);

        say_type(publisher, "B", "not this");
        say_type(publisher, "A", "first");
        say_type(publisher, "AB", "nor this");
        say_type(publisher, NULL, "second");
        expect(reader, "first");
        expect(reader, "second");
        bus_commit(reader);
        say_type(publisher, "B", "nor that");
        expect_nothing(reader);
        bus_close(&reader, 5000);
        reader = open_reader(url, "choosy"); /* of the same group, and wants all */
        say_type(publisher, "B", "the next");
        expect(reader, "the next");
        bus_close(&reader, 5000);
        bus_close(&publisher, 5000);
}

struct noted {
        int64_t highest, count;
};

/* Of our source alone; as with `wanted`, nothing is copied. */
static bool note(void *arg, const struct bus_sign *sign)
{
        struct noted *noted = arg;
        char id[24] = "";

        if (sign->source.len != 6 || memcmp(sign->source.at, "/own/1", 6) != 0 ||
            sign->id.len >= sizeof id)
                return true;
        memcpy(id, sign->id.at, sign->id.len);
        noted->count++;
        if (strtoll(id, NULL, 10) > noted->highest)
                noted->highest = strtoll(id, NULL, 10);
        return true;
}

static void say_of(struct bus *bus, const char *source, int id)
{
        char text[16], key[16];
        struct record_header headers[] = {
                {"ce_source", source, strlen(source)}, {"ce_id", text, 0}, {"ce_type", "A", 1}};
        struct record r = {
                .key = key, .value = "{}", .value_len = 2, .headers = headers, .header_count = 3};

        headers[1].len = (size_t)snprintf(text, sizeof text, "%d", id);
        r.key_len = (size_t)snprintf(key, sizeof key, "%d", id);
        publish(bus, &r, 1);
}

static void the_end_of_the_topic_can_be_looked_at(void)
{
        const char *url = story_url();
        struct noted noted = {0, 0};
        struct bus_config config = {
                .url = url, .client = "test", .wanted = note, .wanted_arg = &noted};
        struct bus *publisher = open_publisher(url), *reader = open_reader(url, "g");
        _Atomic bool stop = false;

        for (int i = 1; i <= 40; i++)
                say_of(publisher, "/own/1", i);
        say_of(publisher, "/own/12", 99);
        say_type(publisher, "A", "last");
        bus_look_back(&config, "g", &stop);
        check_int(noted.highest, 40);
        check_int(noted.count, 40);
        expect(reader, "{}"); /* the group is where it was */
        noted.count = 0;
        stop = true;
        bus_look_back(&config, "g", &stop);
        check(noted.count == 0 || bus_is_local(&config));
        bus_close(&reader, 5000);
        bus_close(&publisher, 5000);
}

/* Kafka reads forwards only: where that is too much, the last ones count. */
static void large_records_hide_no_end(void)
{
        enum { LARGE = 800 * 1000, MANY = 50 };
        const char *url = story_url();
        struct noted noted = {0, 0};
        struct bus_config config = {
                .url = url, .client = "test", .wanted = note, .wanted_arg = &noted};
        struct bus *publisher = open_publisher(url);
        char *large = memory_alloc(LARGE);
        struct record r = {.key = "k", .key_len = 1, .value = large, .value_len = LARGE};
        _Atomic bool stop = false;

        for (int i = 0; i < MANY; i++)
                publish(publisher, &r, 1);
        say_of(publisher, "/own/1", 7);
        bus_look_back(&config, "g", &stop);
        check_int(noted.highest, 7);
        free(large);
        bus_close(&publisher, 5000);
}

static void to_look_ends_where_no_bus_is(void)
{
        struct noted noted = {0, 0};
        struct bus_config config = {.client = "test", .wanted = note, .wanted_arg = &noted};
        _Atomic bool stop = false;
        char url[200];

        config.url = strcpy(url, "log:/nowhere/mall.log");
        check(bus_is_local(&config));
        bus_look_back(&config, "g", &stop);
        config.url = strcpy(url, "kafka://127.0.0.1:1/mall");
        check(!bus_is_local(&config));
        stop = true;
        bus_look_back(&config, "g", &stop);
        config.url = strcpy(url, "neither");
        bus_look_back(&config, "g", &stop);
        check(!bus_is_local(&config));
        check_int(noted.count, 0);
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

/* On Kafka they share the partitions, on the log both hear all. */
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

static void idling_loses_nothing(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *reader = open_reader(url, "g");

        say(publisher, "1", "first");
        expect(reader, "first");
        say(publisher, "1", "second");
        bus_idle(reader, 300);
        say(publisher, "1", "third");
        bus_idle(reader, 300);
        expect(reader, "second");
        expect(reader, "third");
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

static void what_never_fits_is_refused(void)
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
                                            "kafka://host:1/a/b",
                                            NULL};

        for (int i = 0; wrong[i]; i++) {
                struct error e = {0};
                struct bus *bus = bus_open_publisher(
                        &(struct bus_config){.url = wrong[i], .client = "test"}, &e);

                check(!bus);
                check_int(e.kind, ERROR_BAD_INPUT);
        }
}

static const struct story contract[] = {
        STORY(what_comes_is_what_went),
        STORY(a_reader_hears_what_it_wants),
        STORY(the_end_of_the_topic_can_be_looked_at),
        STORY(large_records_hide_no_end),
        STORY(to_look_ends_where_no_bus_is),
        STORY(every_group_hears_all),
        STORY(readers_of_a_group_hear_all_between_them),
        STORY(a_group_goes_on_behind_its_commit),
        STORY(idling_loses_nothing),
        STORY(a_waiting_reader_wakes),
        STORY(waking_ends_a_wait),
        STORY(keys_keep_their_order),
        STORY(what_never_fits_is_refused),
        STORY(dead_letters_have_a_topic_of_their_own),
        STORY(wrong_urls_are_named),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        int failed;

        puts("the log:");
        failed = check_main(contract, argc, argv);
        broker = getenv("MALL_TEST_KAFKA");
        if (!broker)
                return failed;
        puts("Kafka:");
        return check_main(contract, argc, argv) | failed;
}
