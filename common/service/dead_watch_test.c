/* The watch over the dead letters: what it tells a page and an alarm. */
#include "service/dead_watch.h"

#include "base/json.h"
#include "testing/check.h"
#include "testing/publish.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_US = 20 * 1000 * 1000 };

static struct {
        char url[300];
        struct bus_config bus;
        struct bus *publisher;
        struct metrics *metrics;
        struct dead_watch *watch;
        struct arena *arena;
        struct error error;
} t;

static void begin_at(const char *url)
{
        memset(&t, 0, sizeof t);
        snprintf(t.url, sizeof t.url, "%s", url);
        t.bus = (struct bus_config){.url = t.url, .client = "test"};
        t.metrics = metrics_open();
        t.arena = arena_open();
}

static void begin(void)
{
        char url[300];

        snprintf(url, sizeof url, "log:%s/mall.log", check_directory());
        begin_at(url);
        t.publisher = bus_open_publisher(&t.bus, &t.error);
        check_text(t.error.text, "");
}

static void end(void)
{
        dead_watch_close(&t.watch);
        bus_close(&t.publisher, 0);
        metrics_close(&t.metrics);
        arena_close(&t.arena);
}

static void say_letter(const char *topic, const char *value)
{
        struct record_header h[] = {{"x-original-topic", "mall", 4},
                                    {"x-original-partition", "0", 1},
                                    {"x-original-offset", "7", 1},
                                    {"x-exception-message", "a bad thing", 11}};
        struct record r = {.topic = topic,
                           .value = value,
                           .value_len = strlen(value),
                           .timestamp_ms = clock_wall_ms() - 60 * 1000,
                           .headers = h,
                           .header_count = 4};

        check_int((int64_t)bus_publish(t.publisher, &r, 1, 20000, &t.error), 1);
}

static const char *told(void)
{
        struct text out = text_open(t.arena, 500);

        text_char(&out, '{');
        dead_watch_write(t.watch, &out);
        text_char(&out, '}');
        check(json_read(t.arena, out.at, out.len, &t.error) != NULL);
        check(out.len <= dead_watch_size(t.watch) + 200);
        return out.at;
}

static void wait_for(const char *part)
{
        int64_t until = clock_mono_us() + PATIENCE_US;

        while (!strstr(told(), part) && clock_mono_us() < until)
                usleep(10 * 1000);
        check_contains(told(), part);
}

static const char *page(void)
{
        struct text out = text_open(t.arena, 2000);

        metrics_prometheus(t.metrics, false, &out);
        return out.at;
}

/* Without asking the watch, which would then look sooner. */
static void wait_for_gauge(const char *line)
{
        int64_t until = clock_mono_us() + PATIENCE_US;

        while (!strstr(page(), line) && clock_mono_us() < until)
                usleep(10 * 1000);
        check_contains(page(), line);
}

static void what_is_open_is_told_and_measured(void)
{
        begin();
        say_letter("error.mall.a", "first");
        say_letter("error.mall.b", "second");
        say_letter("error.mall.b", "third");
        t.watch = dead_watch_open(&t.bus, t.metrics);
        wait_for("\"value\":\"third\"");
        wait_for(
                "\"group\":\"a\",\"topic\":\"error.mall.a\",\"open\":1,\"letters\":1,\"strange\":0,"
                "\"oldestSeconds\":6");
        check_contains(told(), "\"why\":null");
        check_contains(page(), "mall_dead_letters{group=\"a\"} 1\n");
        check_contains(page(), "mall_dead_letters{group=\"b\"} 2\n");
        check_contains(page(), "mall_dead_letter_oldest_seconds{group=\"a\"} 6");
        end();
}

static void what_became_of_a_letter_is_told(void)
{
        struct dead_place place = {"a", 0, 1};

        begin();
        say_letter("error.mall.a", "first");
        t.watch = dead_watch_open(&t.bus, t.metrics);
        wait_for_gauge("mall_dead_letters{group=\"a\"} 1\n");
        check(dead_letter_drop(&t.bus, &place, &(struct dead_reason){"Ann", "why"}, t.arena,
                               &t.error) != NULL);
        dead_watch_hurry(t.watch);
        wait_for_gauge("mall_dead_letters{group=\"a\"} 0\n");
        wait_for("\"state\":\"dropped\",\"note\":\"dropped by Ann at 20");
        wait_for("\"open\":0,\"letters\":1,\"strange\":0,\"oldestSeconds\":null");
        check_contains(page(), "mall_dead_letters{group=\"a\"} 0\n");
        check_contains(page(), "mall_dead_letter_oldest_seconds{group=\"a\"} 0\n");
        end();
}

static void a_bus_that_cannot_be_read_is_told(void)
{
        begin_at("log:/nowhere/mall.log");
        t.watch = dead_watch_open(&t.bus, t.metrics);
        wait_for("/nowhere/mall.log");
        check_contains(told(), "\"groups\":[],\"letters\":[]");
        end();
}

/* Of another member than the clock's at the end. */
static int64_t at_of_told(void)
{
        struct text out = text_open(t.arena, 500);

        text_char(&out, '{');
        dead_watch_write(t.watch, &out);
        text_char(&out, '}');
        return json_whole(json_member(json_read(t.arena, out.at, out.len, &t.error), "at"), 0);
}

static void what_was_read_last_says_how_old_it_is(void)
{
        char away[400];
        int64_t at;

        begin();
        say_letter("error.mall.a", "first");
        t.watch = dead_watch_open(&t.bus, t.metrics);
        wait_for("\"value\":\"first\"");
        at = at_of_told();
        check(at > 0);
        bus_close(&t.publisher, 0);
        snprintf(away, sizeof away, "%s-away", check_directory());
        check(rename(check_directory(), away) == 0);
        dead_watch_hurry(t.watch);
        wait_for("\"why\":\"");
        check_contains(told(), "\"value\":\"first\"");
        check(at_of_told() <= at + 5000 && at_of_told() >= at);
        at = at_of_told();
        dead_watch_hurry(t.watch);
        usleep(200 * 1000);
        check_int(at_of_told(), at);
        check(rename(away, check_directory()) == 0);
        dead_watch_hurry(t.watch);
        wait_for("\"why\":null");
        check(at_of_told() > at);
        end();
}

/* Anybody may make topics, and each costs a reading. */
static void only_so_many_groups_are_read_and_that_is_told(void)
{
        begin();
        for (int i = 0; i < DEAD_GROUPS_MOST + 3; i++)
                say_letter(arena_printf(t.arena, "error.mall.g%03d", i), "x");
        t.watch = dead_watch_open(&t.bus, t.metrics);
        wait_for("\"why\":\"3 more groups than 100 have dead letters\"");
        check_contains(told(), "\"topic\":\"error.mall.g099\"");
        check(!strstr(told(), "\"topic\":\"error.mall.g100\""));
        end();
}

static void nothing_is_known_at_first(void)
{
        begin();
        t.watch = dead_watch_open(&t.bus, NULL);
        wait_for("\"why\":null,\"unlisted\":0,\"groups\":[],\"letters\":[]");
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(what_is_open_is_told_and_measured),
                STORY(what_became_of_a_letter_is_told),
                STORY(a_bus_that_cannot_be_read_is_told),
                STORY(what_was_read_last_says_how_old_it_is),
                STORY(only_so_many_groups_are_read_and_that_is_told),
                STORY(nothing_is_known_at_first),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
