/* What was seen, and whether it holds. */
#include "mallctl/gameday_judge.h"
#include "mallctl/samples.h"
#include "testing/check.h"

#include <stdio.h>

static enum gameday_verdict of(enum gameday_check_kind kind, double bound, struct gameday_seen seen)
{
        struct arena *arena = arena_open();
        struct gameday_check check = {
                .kind = kind, .service = "order", .metric = "m", .bound = bound};
        struct gameday_judgement j = gameday_judge_seen(arena, &check, &seen);

        check(j.seen && *j.seen);
        arena_close(&arena);
        return j.verdict;
}

static struct gameday_seen course(double first, double most, double last)
{
        return (struct gameday_seen){
                .shown = true, .now = true, .first = first, .most = most, .last = last};
}

static void growth_is_judged_by_the_end(void)
{
        check_int(of(CHECK_GREW, 0, course(1, 2, 2)), VERDICT_HOLDS);
        check_int(of(CHECK_GREW, 0, course(1, 1, 1)), VERDICT_NOT_YET);
        check_int(of(CHECK_SAME, 0, course(1, 1, 1)), VERDICT_HOLDS);
        check_int(of(CHECK_SAME, 0, course(1, 2, 2)), VERDICT_FAILS);
}

static void bounds_include_themselves(void)
{
        check_int(of(CHECK_REACHED, 5, course(0, 5, 0)), VERDICT_HOLDS);
        check_int(of(CHECK_REACHED, 5, course(0, 4, 0)), VERDICT_FAILS);
        check_int(of(CHECK_ENDS_AT_MOST, 2, course(0, 9, 2)), VERDICT_HOLDS);
        check_int(of(CHECK_ENDS_AT_MOST, 2, course(0, 9, 3)), VERDICT_NOT_YET);
        check_int(of(CHECK_ENDS_AT_LEAST, 2, course(0, 2, 2)), VERDICT_HOLDS);
        check_int(of(CHECK_ENDS_AT_LEAST, 2, course(0, 9, 1)), VERDICT_NOT_YET);
}

/* A name with a slip must never pass. */
static void what_is_not_shown_never_holds(void)
{
        struct gameday_seen gone = course(0, 0, 0);

        check_int(of(CHECK_GREW, 0, (struct gameday_seen){0}), VERDICT_NOT_YET);
        check_int(of(CHECK_REACHED, 0, (struct gameday_seen){0}), VERDICT_NOT_YET);
        check_int(of(CHECK_SAME, 0, (struct gameday_seen){0}), VERDICT_UNCHECKED);
        check_int(of(CHECK_ENDS_AT_MOST, 9, (struct gameday_seen){0}), VERDICT_UNCHECKED);
        gone.now = false;
        check_int(of(CHECK_ENDS_AT_MOST, 9, gone), VERDICT_UNCHECKED);
}

static enum gameday_verdict readiness(enum gameday_check_kind kind, int ready, int not_ready)
{
        struct arena *arena = arena_open();
        struct gameday_check check = {.kind = kind, .service = "order"};
        struct gameday_seen seen = {.ready = ready, .not_ready = not_ready};
        enum gameday_verdict verdict = gameday_judge_seen(arena, &check, &seen).verdict;

        arena_close(&arena);
        return verdict;
}

static void readiness_counts_each_look(void)
{
        check_int(readiness(CHECK_STAYED_READY, 3, 0), VERDICT_HOLDS);
        check_int(readiness(CHECK_STAYED_READY, 3, 1), VERDICT_FAILS);
        check_int(readiness(CHECK_WAS_NOT_READY, 3, 1), VERDICT_HOLDS);
        check_int(readiness(CHECK_WAS_NOT_READY, 3, 0), VERDICT_FAILS);
        check_int(readiness(CHECK_STAYED_READY, 0, 0), VERDICT_UNCHECKED);
}

static enum gameday_verdict orders(enum gameday_check_kind kind, size_t acknowledged, size_t failed)
{
        struct arena *arena = arena_open();
        struct gameday_check check = {.kind = kind};
        struct gameday_orders o = {.acknowledged = acknowledged, .failed = failed};
        enum gameday_verdict verdict = gameday_judge_orders(arena, &check, &o).verdict;

        arena_close(&arena);
        return verdict;
}

static void failed_orders_are_counted(void)
{
        check_int(orders(CHECK_NONE_FAILED, 5, 0), VERDICT_HOLDS);
        check_int(orders(CHECK_NONE_FAILED, 5, 1), VERDICT_FAILS);
        check_int(orders(CHECK_SOME_FAILED, 5, 1), VERDICT_HOLDS);
        check_int(orders(CHECK_SOME_FAILED, 5, 0), VERDICT_FAILS);
        check_int(orders(CHECK_NONE_FAILED, 0, 0), VERDICT_UNCHECKED);
}

static void reasons_are_counted_each_and_those_beyond_the_last_together(void)
{
        struct gameday_orders o = {0};
        char why[8] = "a";

        gameday_orders_failed(&o, "the answer is a 500");
        gameday_orders_failed(&o, "reset");
        gameday_orders_failed(&o, "the answer is a 500");
        check_int((int64_t)o.reasons, 2);
        check_text(o.failures[0].why, "the answer is a 500");
        check_int((int64_t)o.failures[0].count, 2);
        check_int((int64_t)o.failures[1].count, 1);
        for (; why[0] < 'a' + 10; why[0]++)
                gameday_orders_failed(&o, why);
        check_int((int64_t)o.failed, 13);
        check_int((int64_t)o.reasons, MOST_REASONS);
        check_text(o.failures[MOST_REASONS - 2].why, "e");
        check_text(o.failures[MOST_REASONS - 1].why, "other reasons");
        check_int((int64_t)o.failures[MOST_REASONS - 1].count, 5);
        gameday_orders_failed(&o, "reset");
        check_int((int64_t)o.failures[1].count, 2);
}

static void the_worst_verdict_is_the_exit_code(void)
{
        struct gameday_judgement j[3] = {
                {VERDICT_HOLDS, ""}, {VERDICT_HOLDS, ""}, {VERDICT_HOLDS, ""}};

        check_int(gameday_exit_code(j, 3), 0);
        j[0].verdict = VERDICT_UNCHECKED;
        check_int(gameday_exit_code(j, 3), 3);
        j[2].verdict = VERDICT_NOT_YET;
        check_int(gameday_exit_code(j, 3), 1);
        j[2].verdict = VERDICT_FAILS;
        check_int(gameday_exit_code(j, 3), 1);
}

static const char page[] = "# HELP m A metric.\n"
                           "m{kind=\"cpu\",rate=\"1\"} 3\n"
                           "m{kind=\"cpu}\\\"\",rate=\"2\"} 40\n"
                           "m_total 7\n"
                           "n 2.5\n"
                           "n{a=\"b\"} NaN\n";

static void samples_are_chosen_by_name_and_labels(void)
{
        double sum;

        check(samples_sum(page, "m", NULL, &sum) && sum == 43);
        check(samples_sum(page, "m", (const char *const[]){"kind=\"cpu\"", NULL}, &sum) &&
              sum == 3);
        check(samples_sum(page, "m", (const char *const[]){"rate=\"2\"", NULL}, &sum) && sum == 40);
        check(!samples_sum(page, "m", (const char *const[]){"ate=\"2\"", NULL}, &sum));
        check(samples_sum(page, "n", NULL, &sum) && sum == 2.5);
        check(!samples_sum(page, "n", (const char *const[]){"a=\"c\"", NULL}, &sum));
        check(!samples_sum(page, "m_tot", NULL, &sum));
        check(!samples_sum("m{a=\"", "m", NULL, &sum));
        check(!samples_sum("", "m", NULL, &sum));
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(growth_is_judged_by_the_end),
                STORY(bounds_include_themselves),
                STORY(what_is_not_shown_never_holds),
                STORY(readiness_counts_each_look),
                STORY(failed_orders_are_counted),
                STORY(reasons_are_counted_each_and_those_beyond_the_last_together),
                STORY(the_worst_verdict_is_the_exit_code),
                STORY(samples_are_chosen_by_name_and_labels),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
