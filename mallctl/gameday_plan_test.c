/* What a game day names and the mall does not have. */
#include "mallctl/gameday_plan.h"
#include "testing/check.h"

static const char page[] = "# HELP mall_outbox_pending Waiting.\n"
                           "# TYPE mall_outbox_pending gauge\n"
                           "mall_outbox_pending 3\n"
                           "http_server_requests_seconds_count{status=\"200\"} 40\n";

static const char *doubt(struct arena *arena, const char *metric)
{
        const struct gameday_check check = {.service = "order", .metric = metric};

        return gameday_plan_doubt(arena, &check, (const char *const[]){page, NULL});
}

static void a_slip_in_a_metric_is_seen_before_the_load(void)
{
        struct arena *arena = arena_open();

        check_text(doubt(arena, "mall_outbox_pendin"),
                   "order shows no metric mall_outbox_pendin; did you mean mall_outbox_pending?");
        check_text(doubt(arena, "mall_events_ded_total"),
                   "order shows no metric mall_events_ded_total; did you mean "
                   "mall_events_dead_total?");
        check_text(doubt(arena, "x"), "order shows no metric x yet");
        arena_close(&arena);
}

static void what_is_shown_or_comes_later_is_no_slip(void)
{
        struct arena *arena = arena_open();

        check(!doubt(arena, "mall_outbox_pending"));
        check(!doubt(arena, "http_server_requests_seconds_count"));
        check(!doubt(arena, "mall_events_dead_total"));
        check(!doubt(arena, "kafka_consumer_records_lag")); /* not on the page yet */
        arena_close(&arena);
}

static void a_service_that_no_listener_has_is_named_with_its_line(void)
{
        struct arena *arena = arena_open();
        struct gameday_fault fault = {.service = "prodct", .line = 7};
        struct gameday day = {.file = "d.yml", .faults = &fault, .fault_count = 1};
        const struct admin_listener here[] = {{.service = "order"}, {.service = "product"}};
        const struct admin_listener pods[] = {{.service = "order", .pod = "order-1"}};
        struct error e = {0};

        check(!gameday_plan_has_places(&day, here, 2, arena, &e));
        check_int(e.kind, ERROR_BAD_INPUT);
        check_text(e.text, "d.yml:7: --at names no place of prodct; did you mean product?");
        check(!gameday_plan_has_places(&day, pods, 1, arena, &e));
        check_text(e.text, "d.yml:7: there is no pod of prodct: order");
        fault.service = "product";
        check(gameday_plan_has_places(&day, here, 2, arena, &e));
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_slip_in_a_metric_is_seen_before_the_load),
                STORY(what_is_shown_or_comes_later_is_no_slip),
                STORY(a_service_that_no_listener_has_is_named_with_its_line),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
