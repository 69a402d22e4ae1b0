#include "gateway/routing/limiter.h"

#include "testing/check.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct limiter *l;

static void begin(int64_t replenish, int64_t burst, int64_t requested)
{
        struct limiter_config config = {
                .replenish = replenish, .burst = burst, .requested = requested};

        l = limiter_open(&config);
}

/* The tokens left; -1: refused. */
static int64_t take(const char *key, int64_t now)
{
        int64_t remaining = -2;
        bool allowed = limiter_take(l, key, now, &remaining);

        return allowed ? remaining : -1;
}

static void a_bucket_begins_full_and_is_refilled(void)
{
        begin(10, 3, 1);
        check_int(take("a", 1000), 2);
        check_int(take("a", 1000), 1);
        check_int(take("a", 1000), 0);
        check_int(take("a", 1000), -1);
        check_int(take("a", 1099), -1); /* a token every tenth of a second */
        check_int(take("a", 1100), 0);
        check_int(take("a", 1100), -1);
        check_int(take("a", 60000), 2); /* never more than the burst */
        limiter_close(&l);
}

static void a_request_may_take_several(void)
{
        begin(1, 60, 60);
        check_int(take("a", 0), 0);
        check_int(take("a", 59999), -1);
        check_int(take("a", 60000), 0); /* one a minute */
        limiter_close(&l);
}

static void what_is_refused_takes_nothing(void)
{
        int64_t remaining;

        begin(1, 3, 2);
        check_int(take("a", 0), 1);
        check(!limiter_take(l, "a", 0, &remaining));
        check_int(remaining, 1);
        check_int(take("a", 1000), 0);
        limiter_close(&l);
}

static void a_clock_that_goes_back_does_no_harm(void)
{
        begin(1, 2, 1);
        check_int(take("a", 5000), 1);
        check_int(take("a", 1000), 0);
        check_int(take("a", 5999), -1);
        check_int(take("a", 6000), 0);
        limiter_close(&l);
}

static void each_key_has_its_own(void)
{
        char one[300], other[300];

        begin(1, 1, 1);
        check_int(take("a", 0), 0);
        check_int(take("b", 0), 0);
        check_int(take("", 0), 0);
        check_int(take("a", 0), -1);
        memset(one, 'x', sizeof one);
        one[299] = '\0';
        memcpy(other, one, sizeof other);
        other[254] = 'y';
        check_int(take(one, 0), 0);
        check_int(take(other, 0), 0);
        other[254] = 'x';
        other[255] = 'y'; /* after the first 255 bytes */
        check_int(take(other, 0), -1);
        limiter_close(&l);
}

static void keys_are_bounded_and_the_empty_bucket_stays_longest(void)
{
        char key[32];

        begin(1, 1000, 300);
        check_int(take("greedy", 0), 700);
        check_int(take("greedy", 0), 400);
        check_int(take("greedy", 0), 100);
        for (int i = 0; i < 200000; i++) {
                snprintf(key, sizeof key, "%d", i);
                check_int(take(key, 0), 700); /* each has a bucket */
        }
        check_int(take("greedy", 0), -1);
        check_int(take("0", 0), 700); /* forgotten long since */
        limiter_close(&l);
}

/* The fullest bucket is chosen by its level now, not by its level at the last request: else the
   newest keys would replace each other. */
static void who_has_been_quiet_gives_way(void)
{
        enum { ALL = 200000, FEW = 2000 };
        char key[32];

        begin(1, 3, 1);
        for (int i = 0; i < ALL; i++) {
                snprintf(key, sizeof key, "quiet %d", i);
                check_int(take(key, 0), 2);
                check_int(take(key, 0), 1);
        }
        for (int i = 0; i < FEW; i++) {
                snprintf(key, sizeof key, "busy %d", i);
                check_int(take(key, 60000), 2);
        }
        for (int i = 0; i < FEW; i++) {
                snprintf(key, sizeof key, "busy %d", i);
                check_int(take(key, 60000), 1); /* still known */
        }
        limiter_close(&l);
}

static void the_headers_say_how_it_stands(void)
{
        static const struct limiter_header expected[LIMITER_HEADERS] = {
                {"X-RateLimit-Remaining", 7},
                {"X-RateLimit-Requested-Tokens", 2},
                {"X-RateLimit-Burst-Capacity", 20},
                {"X-RateLimit-Replenish-Rate", 10},
        };
        struct limiter_header headers[LIMITER_HEADERS];

        begin(10, 20, 2);
        limiter_headers(l, 7, headers);
        for (int i = 0; i < LIMITER_HEADERS; i++) {
                check_text(headers[i].name, expected[i].name);
                check_int(headers[i].value, expected[i].value);
        }
        limiter_close(&l);
}

enum { THREADS = 4, TAKES = 3000 };

static void *taker(void *arg)
{
        int64_t granted = 0;

        for (int i = 0; i < TAKES; i++)
                granted += take(i % 2 ? "one" : "other", 0) >= 0;
        *(int64_t *)arg = granted;
        return NULL;
}

static void threads_get_no_token_twice(void)
{
        int64_t granted[THREADS], all = 0;
        struct limiter *held;
        pthread_t threads[THREADS];

        begin(1, 1000, 1);
        held = limiter_hold(l);
        check(held == l);
        for (int i = 0; i < THREADS; i++)
                pthread_create(&threads[i], NULL, taker, &granted[i]);
        for (int i = 0; i < THREADS; i++) {
                pthread_join(threads[i], NULL);
                all += granted[i];
        }
        check_int(all, 2000);
        limiter_close(&held);
        check_int(take("one", 0), -1);
        limiter_close(&l);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_bucket_begins_full_and_is_refilled),
                STORY(a_request_may_take_several),
                STORY(what_is_refused_takes_nothing),
                STORY(a_clock_that_goes_back_does_no_harm),
                STORY(each_key_has_its_own),
                STORY(keys_are_bounded_and_the_empty_bucket_stays_longest),
                STORY(who_has_been_quiet_gives_way),
                STORY(the_headers_say_how_it_stands),
                STORY(threads_get_no_token_twice),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
