/* A verdict on the books as metrics, and when it is forgotten. */
#include "audit/standing_gauges.h"

#include "base/clock.h"
#include "testing/check.h"

enum { MINUTE_MS = 60 * 1000 };

static const int64_t noon_ms = 1795358923000;

static struct {
        struct metrics *metrics;
        struct arena *arena;
        struct standing_gauges gauges;
} s;

static void begin(bool lapses)
{
        s.metrics = metrics_open();
        s.arena = arena_open();
        clock_set_wall_ms(noon_ms);
        standing_gauges_open(&s.gauges, s.metrics, lapses);
}

static void end(void)
{
        clock_set_wall_ms(0);
        metrics_close(&s.metrics);
        arena_close(&s.arena);
}

static void check_shown(const char *balanced, const char *checked)
{
        struct text page = text_open(s.arena, 4000);

        metrics_prometheus(s.metrics, false, &page);
        check_contains(page.at, arena_printf(s.arena, "\nmall_books_balanced %s\n", balanced));
        check_contains(page.at, arena_printf(s.arena, "\nmall_books_checked_timestamp_seconds %s\n",
                                             checked));
}

static void events_under_way_are_no_news(void)
{
        begin(true);
        check_shown("NaN", "NaN");
        standing_gauges_note(&s.gauges, STANDING_SETTLING);
        check_shown("NaN", "NaN");
        standing_gauges_note(&s.gauges, STANDING_UNBALANCED);
        clock_set_wall_ms(noon_ms + MINUTE_MS);
        standing_gauges_note(&s.gauges, STANDING_SETTLING);
        check_shown("0", "1795358923");
        standing_gauges_note(&s.gauges, STANDING_UNKNOWN);
        check_shown("NaN", "1795358923");
        standing_gauges_note(&s.gauges, STANDING_BALANCED);
        check_shown("1", "1795358983");
        end();
}

static void a_verdict_is_forgotten_where_nobody_audits(void)
{
        begin(true);
        standing_gauges_note(&s.gauges, STANDING_UNBALANCED);
        clock_set_wall_ms(noon_ms + 10 * MINUTE_MS);
        check_shown("0", "1795358923");
        clock_set_wall_ms(noon_ms + 10 * MINUTE_MS + 1);
        check_shown("NaN", "NaN");
        standing_gauges_note(&s.gauges, STANDING_BALANCED); /* somebody looks again */
        check_shown("1", "1795359523.001");
        end();
}

static void a_verdict_stays_where_audits_go_on(void)
{
        begin(false);
        standing_gauges_note(&s.gauges, STANDING_UNBALANCED);
        clock_set_wall_ms(noon_ms + 600 * MINUTE_MS);
        check_shown("0", "1795358923");
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(events_under_way_are_no_news),
                STORY(a_verdict_is_forgotten_where_nobody_audits),
                STORY(a_verdict_stays_where_audits_go_on),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
