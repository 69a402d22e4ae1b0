#include "base/trace.h"

#include "base/trace_sampler.h"
#include "testing/check.h"

#include <string.h>

static const char sampled[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
static const char unsampled[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

static void a_step_has_an_id_of_its_own_and_knows_the_one_above(void)
{
        struct trace first, second;

        trace_continue(&first, NULL);
        check_text(first.above, "");
        check_int((int64_t)strlen(first.span), 16);
        check(strncmp(first.parent + 36, first.span, 16) == 0);
        trace_continue(&second, first.parent);
        check_text(second.id, first.id);
        check_text(second.above, first.span);
        check(strcmp(second.span, first.span) != 0);
        trace_continue(&second, "00-nonsense");
        check_text(second.above, "");
}

static void a_step_of_another_process_is_taken_up(void)
{
        struct trace t;

        trace_restore(&t, sampled, "1234567890abcdef");
        check_text(t.parent, sampled);
        check_text(t.id, "0af7651916cd43dd8448eb211c80319c");
        check_text(t.span, "b7ad6b7169203331");
        check_text(t.above, "1234567890abcdef");
        trace_restore(&t, "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", NULL);
        check_text(t.parent, sampled);
        check_text(t.above, "");
}

static bool is_sampled(const char *received)
{
        struct trace t;

        trace_continue(&t, received);
        return trace_is_sampled(t.parent);
}

static void the_flag_is_read_and_passed_on(void)
{
        check(trace_is_sampled(sampled));
        check(!trace_is_sampled(unsampled));
        check(is_sampled(sampled));
        check(!is_sampled(unsampled));
        check(is_sampled(NULL));
}

static void the_sampler_decides(void)
{
        static const struct {
                enum trace_sampler sampler;
                bool root, above_sampled, above_not;
        } rows[] = {
                {TRACE_ALWAYS_ON, true, true, true},
                {TRACE_ALWAYS_OFF, false, false, false},
                {TRACE_PARENT_ALWAYS_ON, true, true, false},
                {TRACE_PARENT_ALWAYS_OFF, false, true, false},
                {TRACE_OFF, true, true, false},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                trace_sampler_set(rows[i].sampler, 0);
                check(is_sampled(NULL) == rows[i].root);
                check(is_sampled(sampled) == rows[i].above_sampled);
                check(is_sampled(unsampled) == rows[i].above_not);
                check(trace_sampler_is_on() == (rows[i].sampler != TRACE_OFF));
        }
        trace_sampler_set(TRACE_OFF, 0);
}

/* The other bits are not ours (W3C Trace Context, level 2). */
static void only_the_flags_last_bit_changes(void)
{
        struct trace t;

        trace_sampler_set(TRACE_ALWAYS_OFF, 0);
        trace_continue(&t, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1f");
        check_text(t.parent + 53, "1e");
        trace_sampler_set(TRACE_ALWAYS_ON, 0);
        trace_continue(&t, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02");
        check_text(t.parent + 53, "03");
        trace_sampler_set(TRACE_OFF, 0);
}

static int sampled_of_10000(enum trace_sampler sampler, double ratio)
{
        int count = 0;

        trace_sampler_set(sampler, ratio);
        for (int i = 0; i < 10000; i++)
                count += is_sampled(NULL);
        trace_sampler_set(TRACE_OFF, 0);
        return count;
}

static void a_ratio_is_about_that_part_of_all(void)
{
        int count = sampled_of_10000(TRACE_PARENT_RATIO, 0.1);

        check_int(sampled_of_10000(TRACE_RATIO, 0), 0);
        check_int(sampled_of_10000(TRACE_RATIO, 1), 10000);
        check(count > 700 && count < 1300); /* ten standard deviations */
}

/* So that all services of one trace agree, those of OpenTelemetry's SDK for Go too. */
static void a_ratio_decides_by_the_ids_last_half(void)
{
        static const char low[] = "ffffffffffffffff3fffffffffffffff",
                          high[] = "00000000000000004000000000000000";

        trace_sampler_set(TRACE_RATIO, 0.25);
        check(trace_sampler_takes(low, true, false));
        check(!trace_sampler_takes(high, true, true));
        trace_sampler_set(TRACE_PARENT_RATIO, 0.25);
        check(trace_sampler_takes(low, false, false));
        check(!trace_sampler_takes(low, true, false));
        check(trace_sampler_takes(high, true, true));
        trace_sampler_set(TRACE_OFF, 0);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_step_has_an_id_of_its_own_and_knows_the_one_above),
                STORY(a_step_of_another_process_is_taken_up),
                STORY(the_flag_is_read_and_passed_on),
                STORY(the_sampler_decides),
                STORY(only_the_flags_last_bit_changes),
                STORY(a_ratio_is_about_that_part_of_all),
                STORY(a_ratio_decides_by_the_ids_last_half),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
