/* What a game day's file says, and where it is wrong. */
#include "mallctl/gameday.h"
#include "testing/check.h"

#include <stdio.h>
#include <string.h>

static const char good[] =
        "name: short\n"
        "about: a day\n"
        "see: [this, that]\n"
        "load: {rate: 10, for: 1min, qty: 2}\n"
        "faults:\n"
        "  - {at: 20s, for: 30s, service: [order, product], kind: cpu, cores: 0.5}\n"
        "  - {at: 10s, for: 1min, service: order, kind: http-status, status: 500}\n"
        "ends: 90s\n"
        "passes:\n"
        "  - audit: balanced\n"
        "  - {service: product, metric: m, labels: {kind: cpu}, ends-at-most: 2.5}\n";

static struct gameday *read(struct arena *arena, const char *text, struct error *error)
{
        return gameday_read_text(arena, "d.yml", text, strlen(text), error);
}

/* The good file with one text in place of another. */
static void refuses(const char *old, const char *new, const char *says)
{
        struct arena *arena = arena_open();
        struct error e = {0};
        const char *at = strstr(good, old);
        const char *text;

        check(at);
        text = arena_printf(arena, "%.*s%s%s", (int)(at - good), good, new, at + strlen(old));
        check(!read(arena, text, &e));
        check_int(e.kind, ERROR_BAD_INPUT);
        check_contains(e.text, says);
        arena_close(&arena);
}

static void a_whole_day_is_read(void)
{
        struct arena *arena = arena_open();
        struct error e = {0};
        struct gameday *day = read(arena, good, &e);

        check_text(e.text, "");
        check_text(day->name, "short");
        check_text(day->see[1], "that");
        check(!day->see[2]);
        check_int(day->load_ms, 60000);
        check_int(day->qty, 2);
        check_int(day->settle_ms, 90000);
        check_int(gameday_length_ms(day), 70000);
        arena_close(&arena);
}

static void faults_come_by_their_times_one_for_each_service(void)
{
        struct arena *arena = arena_open();
        struct error e = {0};
        struct gameday *day = read(arena, good, &e);

        check_int((int64_t)day->fault_count, 3);
        check_text(day->faults[0].json, "{\"kind\":\"http-status\",\"status\":\"500\"");
        check_text(day->faults[1].service, "order");
        check_text(day->faults[2].service, "product");
        check_int(day->faults[2].line, 6);
        arena_close(&arena);
}

static void faults_are_sorted_by_their_times_and_else_by_their_lines(void)
{
        static const char days[] = "name: many\n"
                                   "about: a day\n"
                                   "see: [this]\n"
                                   "load: {rate: 1, for: 1min}\n"
                                   "faults:\n"
                                   "  - {at: 2s, for: 1s, service: order, kind: not-ready}\n"
                                   "  - {at: 1s, for: 1s, service: order, kind: not-ready}\n"
                                   "  - {at: 3s, for: 1s, service: order, kind: not-ready}\n"
                                   "  - {at: 1s, for: 1s, service: order, kind: not-alive}\n"
                                   "  - {at: 2s, for: 1s, service: order, kind: not-alive}\n"
                                   "ends: 90s\n"
                                   "passes:\n"
                                   "  - audit: balanced\n";
        static const int lines[] = {7, 9, 6, 10, 8};
        struct arena *arena = arena_open();
        struct error e = {0};
        struct gameday *day = read(arena, days, &e);

        check_text(e.text, "");
        check_int((int64_t)day->fault_count, 5);
        for (int i = 0; i < 5; i++)
                check_int(day->faults[i].line, lines[i]);
        arena_close(&arena);
}

static void checks_say_what_they_want(void)
{
        struct arena *arena = arena_open();
        struct error e = {0};
        struct gameday *day = read(arena, good, &e);

        check_int((int64_t)day->check_count, 2);
        check_text(gameday_check_wants(arena, &day->checks[0]), "balanced");
        check_text(gameday_check_name(arena, &day->checks[1]), "product m{kind=\"cpu\"}");
        check_text(gameday_check_wants(arena, &day->checks[1]), "ends at 2.5 at most");
        arena_close(&arena);
}

static void all_is_shorter_but_the_settling(void)
{
        struct arena *arena = arena_open();
        struct error e = {0};
        struct gameday *day = read(arena, good, &e);

        gameday_shorten(day, 10);
        check_int(day->load_ms, 6000);
        check_int(day->faults[1].at_ms, 2000);
        check_int(day->faults[1].for_ms, 3000);
        check_int(day->settle_ms, 90000);
        gameday_shorten(day, 1000);
        check_int(day->faults[1].for_ms, 100);
        arena_close(&arena);
}

static void what_is_not_known_is_refused_with_its_line(void)
{
        refuses("about", "abut", "d.yml:2: abut is not known here; did you mean about?");
        refuses("qty: 2", "qtty: 2", "d.yml:4: qtty is not known here; did you mean qty?");
        refuses("kind: cpu", "kind: gpu", "d.yml:6: no kind here is called gpu");
        refuses("cores: 0.5", "cores: many", "d.yml:6: cores is");
        refuses("cores: 0.5", "cors: 1", "d.yml:6: a fault has no member cors");
        refuses("status: 500", "status: 200", "d.yml:7: status is");
        refuses("metric: m", "metrik: m",
                "d.yml:11: metrik is no member of a check; did you mean "
                "metric?");
}

static void times_have_bounds(void)
{
        refuses("at: 20s", "at: soon", "d.yml:6: at is a duration");
        refuses("for: 30s", "for: 10ms", "d.yml:6: for is a duration");
        refuses("for: 30s", "for: 61min", "d.yml:6: for is at most 1h");
        refuses("kind: http-status, status: 500", "kind: http-latency, delay: 500",
                "did you mean 500ms?");
        refuses("for: 30s", "duration: 30s", "d.yml:6: a game day says `for`");
        refuses("ends: 90s", "ends: never", "d.yml:8: ends is a duration");
        refuses("rate: 10", "rate: 50.1", "d.yml:4: rate is a number of orders a second");
        refuses("rate: 10", "rate: nan", "d.yml:4: rate is");
}

static void what_is_missing_is_named(void)
{
        refuses("name: short\n", "", "a game day needs `name`");
        refuses("ends: 90s\n", "", "a game day needs `ends`");
        refuses("for: 1min, qty", "qty", "d.yml:4: load needs rate and for");
        refuses("service: [order, product], ", "", "d.yml:6: a fault needs a service");
        refuses("kind: cpu, ", "", "d.yml:6: a fault needs a kind");
        refuses("for: 30s, ", "", "d.yml:6: a fault needs `for`");
        refuses("metric: m, ", "", "d.yml:11: which metric?");
        refuses("{service: product, metric", "{metric", "d.yml:11: of which service?");
        refuses(", ends-at-most: 2.5", "", "d.yml:11: a check says one of");
}

static void a_check_says_one_thing(void)
{
        refuses("audit: balanced", "audit: fine", "d.yml:10: audit is one of: balanced");
        refuses("audit: balanced", "orders: none",
                "d.yml:10: orders is one of: none lost, none "
                "failed, some failed");
        refuses("audit: balanced", "{audit: balanced, orders: none lost}",
                "d.yml:10: a check says "
                "one of");
        refuses("audit: balanced", "{audit: balanced, service: order}",
                "d.yml:10: this check has "
                "no service");
        refuses("ends-at-most: 2.5", "ends-at-most: two", "d.yml:11: ends-at-most is a number");
}

static void what_is_no_game_day_is_refused(void)
{
        struct arena *arena = arena_open();
        struct error e = {0};

        check(!read(arena, "[a, b]", &e));
        check_contains(e.text, "d.yml:1: a document must be a map");
        check(!read(arena, "name: {a: b}", &e));
        check_contains(e.text, "d.yml:1: name is a text");
        check(!read(arena, "faults: []", &e));
        check_contains(e.text, "a game day has a fault at least");
        check(!gameday_read(arena, "/nowhere/day.yml", &e));
        check_contains(e.text, "/nowhere/day.yml: No such file");
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_whole_day_is_read),
                STORY(faults_come_by_their_times_one_for_each_service),
                STORY(faults_are_sorted_by_their_times_and_else_by_their_lines),
                STORY(checks_say_what_they_want),
                STORY(all_is_shorter_but_the_settling),
                STORY(what_is_not_known_is_refused_with_its_line),
                STORY(times_have_bounds),
                STORY(what_is_missing_is_named),
                STORY(a_check_says_one_thing),
                STORY(what_is_no_game_day_is_refused),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
