/* What a reader wants, and the look at the end of a topic: of the contract for every bus. */
#include "event/bus.h"

#include "testing/bus_story.h"

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

/* Records that it passed over do not come again, whether or not a wanted one came after them. */
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

/* Counts our own source only; as with `wanted`, nothing is copied. */
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
        bus_look_back(&config, &stop);
        check_int(noted.highest, 40);
        check_int(noted.count, 40);
        expect(reader, "{}"); /* the group's position has not moved */
        noted.count = 0;
        stop = true;
        bus_look_back(&config, &stop);
        check(noted.count == 0 || bus_is_local(&config));
        bus_close(&reader, 5000);
        bus_close(&publisher, 5000);
}

/* Kafka reads forwards only: where the records are too large, only the last few are read. */
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
        bus_look_back(&config, &stop);
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
        bus_look_back(&config, &stop);
        config.url = strcpy(url, "kafka://127.0.0.1:1/mall");
        check(!bus_is_local(&config));
        stop = true;
        bus_look_back(&config, &stop);
        config.url = strcpy(url, "neither");
        bus_look_back(&config, &stop);
        check(!bus_is_local(&config));
        check_int(noted.count, 0);
}

static const struct story stories[] = {
        STORY(a_reader_hears_what_it_wants),
        STORY(the_end_of_the_topic_can_be_looked_at),
        STORY(large_records_hide_no_end),
        STORY(to_look_ends_where_no_bus_is),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return on_every_bus(stories, argc, argv);
}
