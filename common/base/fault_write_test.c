#include "base/fault_write.h"

#include "base/clock.h"
#include "testing/fault_set.h"

static void a_fault_is_written_with_all_that_it_is(void)
{
        const char *text;

        begin();
        clock_set_wall_ms(INT64_C(1795358923000));
        check_int(add("{\"kind\":\"http-latency\",\"method\":\"GET\",\"path\":\"/orders/{id}\","
                      "\"p50\":\"100ms\",\"p99\":\"2\",\"rate\":\"0.25\",\"duration\":\"10min\"}"),
                  1);
        check_text(one(1), "{\"id\":1,\"kind\":\"http-latency\",\"method\":\"GET\","
                           "\"path\":\"/orders/{id}\",\"rate\":0.25,\"p50Ms\":100,\"p99Ms\":2000,"
                           "\"durationMs\":600000,\"begunAt\":\"2026-11-22T14:48:43.000Z\","
                           "\"endsAt\":\"2026-11-22T14:58:43.000Z\",\"injected\":0}");
        check_int(add("{\"kind\":\"upstream-broken\",\"routeId\":\"a\\\"b\"}"), 2);
        text = written(faults_write);
        check_contains(text, "[{\"id\":1,");
        check_contains(text, "},{\"id\":2,\"kind\":\"upstream-broken\",\"routeId\":\"a\\\"b\","
                             "\"rate\":1,\"durationMs\":300000,");
        check(faults_remove(faults, 1));
        check(!faults_remove(faults, 1));
        check_contains(written(faults_write_ended),
                       "\"injected\":0,\"endedAt\":\"2026-11-22T14:48:43.000Z\","
                       "\"reason\":\"it was removed\"}]");
        clock_set_wall_ms(0);
        end();
}

static void nothing_is_written_and_nothing_strikes_where_there_is_no_set(void)
{
        arena = arena_open();
        faults = NULL;
        check_text(written(faults_write), "[]");
        check_text(written(faults_write_ended), "[]");
        check(!strikes(FAULT_HTTP_RESET, "GET", "/"));
        arena_close(&arena);
}

static void a_kind_is_written_as_the_console_wants_it(void)
{
        struct text out;

        begin_with(1 << FAULT_SLOW_DISK | 1 << FAULT_PUBLISH_DELAY | 1 << FAULT_CPU, NULL);
        out = text_open(arena, 100);
        faults_write_kinds(faults, &out);
        check_text(out.at,
                   "[{\"name\":\"cpu\",\"about\":\"threads burn so many cores\",\"target\":[],"
                   "\"parameters\":[\"cores\"],\"rate\":false,\"harmful\":true},"
                   "{\"name\":\"slow-disk\",\"about\":\"commits take longer\",\"target\":[],"
                   "\"parameters\":[\"delay\",\"p50\",\"p99\"],\"rate\":true,\"harmful\":true},"
                   "{\"name\":\"publish-delay\",\"about\":\"events are published later\","
                   "\"target\":[\"eventType\",\"key\"],\"parameters\":[\"delay\",\"p50\",\"p99\"],"
                   "\"rate\":true,\"harmful\":true}]");
        end();
}

/* What a test of a daemon would say of its routes. */
static void nothing_has_this_path(void *arg, const struct fault *fault, struct text *why)
{
        (void)arg;
        if (fault->path && strcmp(fault->path, "/nowhere") == 0)
                text_printf(why, "nothing here is at %s", fault->path);
}

static void a_target_that_matches_nothing_is_said_in_the_answer(void)
{
        begin_with(ALL_KINDS, nothing_has_this_path);
        add("{\"kind\":\"http-reset\",\"path\":\"/nowhere\"}");
        add("{\"kind\":\"http-reset\",\"path\":\"/orders\"}");
        check_contains(one(1), "\"injected\":0,\"warning\":\"nothing here is at /nowhere\"}");
        check(!strstr(one(2), "warning"));
        end();
}

static void begin_strike_and_end(void)
{
        add("{\"kind\":\"http-latency\",\"method\":\"GET\",\"path\":\"/nowhere\",\"rate\":1,"
            "\"p50\":\"1s\",\"p99\":\"2s\",\"duration\":\"1min\"}");
        strikes(FAULT_HTTP_LATENCY, "GET", "/nowhere");
        strikes(FAULT_HTTP_LATENCY, "GET", "/nowhere");
        faults_clear(faults);
}

static void its_begin_and_its_end_are_logged_with_all_that_it_is(void)
{
        char *said, *ended;

        begin_with(ALL_KINDS, nothing_has_this_path);
        said = log_of(begin_strike_and_end);
        ended = strstr(said, "a fault ended");
        check(ended != NULL);
        for (const char *text = said; text; text = text == said ? ended : NULL) {
                check_contains(text, "http-latency");
                check_contains(text, "method=GET path=/nowhere");
                check_contains(text, "rate=1 p50=1000ms p99=2000ms duration=60000ms");
                check_contains(text, "nothing here is at /nowhere");
        }
        check_contains(said, "a fault begins");
        check_contains(ended, "fault.injected=2");
        check_contains(ended, "it was removed");
        check(strstr(said, "fault.injected") > ended);
        free(said);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_fault_is_written_with_all_that_it_is),
                STORY(nothing_is_written_and_nothing_strikes_where_there_is_no_set),
                STORY(a_kind_is_written_as_the_console_wants_it),
                STORY(a_target_that_matches_nothing_is_said_in_the_answer),
                STORY(its_begin_and_its_end_are_logged_with_all_that_it_is),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
