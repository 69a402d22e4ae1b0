#include "base/breaker.h"

#include "testing/check.h"

#include <pthread.h>
#include <stddef.h>

static struct breaker *b;

static void begin(int window, int minimum, int permitted)
{
        struct breaker_config config = {.failure_rate = 50,
                                        .window = window,
                                        .minimum = minimum,
                                        .wait_ms = 1000,
                                        .permitted = permitted};

        b = breaker_open(&config);
}

/* Makes the calls one after the other, '.' good, 'x' bad, '?' unknown; true if all were allowed. */
static bool calls(const char *outcomes, int64_t now)
{
        for (; *outcomes; outcomes++) {
                uint64_t ticket = breaker_ask(b, now);

                if (!ticket)
                        return false;
                breaker_note(b, ticket,
                             *outcomes == '.'   ? BREAKER_GOOD
                             : *outcomes == 'x' ? BREAKER_BAD
                                                : BREAKER_UNKNOWN,
                             now);
        }
        return true;
}

static void it_opens_at_the_rate_not_before_the_minimum(void)
{
        begin(10, 4, 2);
        check(calls("xxx", 0));
        check_int(breaker_state(b), BREAKER_CLOSED);
        check(calls(".", 0)); /* 3 of 4 */
        check_int(breaker_state(b), BREAKER_OPEN);
        check(!calls(".", 999));
        check_int(breaker_wait_ms(b, 400), 600);
        breaker_close(&b);
        begin(10, 4, 2);
        check(calls("...x..x..x.x", 0)); /* never half of the last ten */
        check_int(breaker_state(b), BREAKER_CLOSED);
        check_int(breaker_wait_ms(b, 0), 0);
        breaker_close(&b);
}

static void only_the_last_calls_count(void)
{
        begin(4, 4, 2);
        check(calls("....x...x...x", 0)); /* one bad in any four */
        check_int(breaker_state(b), BREAKER_CLOSED);
        check(calls("x", 0)); /* . . x x */
        check_int(breaker_state(b), BREAKER_OPEN);
        breaker_close(&b);
}

static void a_minimum_above_the_window_is_the_window(void)
{
        begin(3, 100, 2);
        check(calls("xxx", 0));
        check_int(breaker_state(b), BREAKER_OPEN);
        breaker_close(&b);
}

static void half_open_it_tries_a_few_and_decides(void)
{
        uint64_t first, second;

        begin(2, 2, 2);
        calls("xx", 0);
        first = breaker_ask(b, 1000);
        check_int(breaker_state(b), BREAKER_HALF_OPEN);
        second = breaker_ask(b, 1000);
        check(first && second);
        check(!breaker_ask(b, 1000)); /* two are permitted */
        check_int(breaker_wait_ms(b, 1000), 1);
        breaker_note(b, first, BREAKER_GOOD, 1001);
        check_int(breaker_state(b), BREAKER_HALF_OPEN);
        breaker_note(b, second, BREAKER_GOOD, 1002);
        check_int(breaker_state(b), BREAKER_CLOSED);
        check(calls("x", 1002)); /* calls before the change are forgotten */
        check_int(breaker_state(b), BREAKER_CLOSED);
        breaker_close(&b);
}

static void half_open_and_still_bad_it_opens_again(void)
{
        begin(2, 2, 2);
        calls("xx", 0);
        check(calls("x.", 1000)); /* half of two */
        check_int(breaker_state(b), BREAKER_OPEN);
        check(!calls(".", 1999));
        check(calls("..", 2000));
        check_int(breaker_state(b), BREAKER_CLOSED);
        breaker_close(&b);
}

static void a_call_of_unknown_outcome_gives_its_permission_back(void)
{
        begin(2, 2, 1);
        calls("xx", 0);
        check(calls("????", 1000));
        check_int(breaker_state(b), BREAKER_HALF_OPEN);
        check(calls(".", 1000));
        check_int(breaker_state(b), BREAKER_CLOSED);
        check(calls("?x?", 1000));
        check_int(breaker_state(b), BREAKER_CLOSED);
        breaker_close(&b);
}

static void a_call_from_before_counts_no_more(void)
{
        uint64_t old;

        begin(2, 2, 2);
        old = breaker_ask(b, 0);
        calls("xx", 0);
        calls(".", 1000); /* half open, one of two known */
        breaker_note(b, old, BREAKER_BAD, 1000);
        check_int(breaker_state(b), BREAKER_HALF_OPEN);
        check(calls(".", 1000));
        check_int(breaker_state(b), BREAKER_CLOSED);
        breaker_close(&b);
}

static void more_may_be_permitted_than_the_window_holds(void)
{
        begin(1, 1, 5);
        calls("x", 0);
        check(calls(".", 1000));
        check_int(breaker_state(b), BREAKER_CLOSED);
        breaker_close(&b);
        begin(2, 9, 5);
        calls("xx", 0);
        check(calls("....", 1000));
        check_int(breaker_state(b), BREAKER_HALF_OPEN);
        check(calls(".", 1000));
        check_int(breaker_state(b), BREAKER_CLOSED);
        breaker_close(&b);
}

enum { THREADS = 4, CALLS = 5000 };

static void *caller(void *arg)
{
        int64_t granted = 0;

        for (int i = 0; i < CALLS; i++) {
                uint64_t ticket = breaker_ask(b, i);

                granted += ticket != 0;
                if (ticket)
                        breaker_note(b, ticket, i % 3 ? BREAKER_GOOD : BREAKER_BAD, i);
        }
        *(int64_t *)arg = granted;
        return NULL;
}

static void threads_share_it(void)
{
        struct breaker_config config = {
                .failure_rate = 50, .window = 100, .minimum = 100, .wait_ms = 10, .permitted = 3};
        struct breaker *held;
        pthread_t threads[THREADS];
        int64_t granted[THREADS];

        b = breaker_open(&config);
        held = breaker_hold(b);
        for (int i = 0; i < THREADS; i++)
                pthread_create(&threads[i], NULL, caller, &granted[i]);
        for (int i = 0; i < THREADS; i++) {
                pthread_join(threads[i], NULL);
                check(granted[i] > 0);
        }
        breaker_close(&held);
        check(held == NULL);
        check_int(breaker_state(b), BREAKER_CLOSED); /* never half of a hundred */
        breaker_close(&b);
}

/* After a reload a route keeps its breaker only if nothing about it changed. */
static void configs_are_compared_whole(void)
{
        const struct breaker_config one = breaker_defaults;
        struct breaker_config others[] = {one, one, one, one, one};

        check(breaker_config_is_same(&one, &breaker_defaults));
        others[0].failure_rate++;
        others[1].window++;
        others[2].minimum++;
        others[3].wait_ms++;
        others[4].permitted++;
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
                check(!breaker_config_is_same(&one, &others[i]));
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(it_opens_at_the_rate_not_before_the_minimum),
                STORY(only_the_last_calls_count),
                STORY(a_minimum_above_the_window_is_the_window),
                STORY(half_open_it_tries_a_few_and_decides),
                STORY(half_open_and_still_bad_it_opens_again),
                STORY(a_call_of_unknown_outcome_gives_its_permission_back),
                STORY(a_call_from_before_counts_no_more),
                STORY(more_may_be_permitted_than_the_window_holds),
                STORY(threads_share_it),
                STORY(configs_are_compared_whole),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
