#include "base/clock.h"

#include "testing/check.h"

static int64_t us_of(struct timespec t)
{
        check(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
        return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The result lies between two looks at the clock, whatever part of a second it is. */
static void a_deadline_is_so_long_from_now(void)
{
        static const int64_t lengths_ms[] = {0, 1, 999, 1000, 1001, 8000, 86400 * 1000LL};

        for (size_t i = 0; i < sizeof lengths_ms / sizeof lengths_ms[0]; i++) {
                int64_t before = clock_mono_us(), deadline = us_of(clock_after(lengths_ms[i])),
                        after = clock_mono_us();

                check(deadline >= before + lengths_ms[i] * 1000);
                check(deadline <= after + lengths_ms[i] * 1000);
        }
}

static void the_time_is_written_as_people_write_it(void)
{
        char text[CLOCK_RFC3339];

        clock_rfc3339(1795358923623, text);
        check_text(text, "2026-11-22T14:48:43.623Z");
        clock_rfc3339(1795358923007, text); /* the same second */
        check_text(text, "2026-11-22T14:48:43.007Z");
        clock_rfc3339(0, text);
        check_text(text, "1970-01-01T00:00:00.000Z");
}

static void what_has_no_such_form_is_the_nearest_that_has_one(void)
{
        char text[CLOCK_RFC3339];

        clock_rfc3339(CLOCK_LAST_MS, text);
        check_text(text, "9999-12-31T23:59:59.999Z");
        clock_rfc3339(CLOCK_LAST_MS + 1, text);
        check_text(text, "9999-12-31T23:59:59.999Z");
        clock_rfc3339(INT64_MAX, text);
        check_text(text, "9999-12-31T23:59:59.999Z");
        clock_rfc3339(-1, text);
        check_text(text, "1970-01-01T00:00:00.000Z");
        clock_rfc3339(INT64_MIN, text);
        check_text(text, "1970-01-01T00:00:00.000Z");
}

static const struct story stories[] = {
        STORY(a_deadline_is_so_long_from_now),
        STORY(the_time_is_written_as_people_write_it),
        STORY(what_has_no_such_form_is_the_nearest_that_has_one),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return check_main(stories, argc, argv);
}
