/* Whether a request is sent again, and when, case by case. That it then is sent, and how often it
   reaches an upstream, is tested by retry_model_test. */
#include "gateway/proxy/retry.h"

#include "base/clock.h"
#include "gateway/proxy/proxy_request_inside.h"
#include "testing/check.h"

#include <stdio.h>
#include <string.h>

static struct loop *loop;
static struct proxy_worker worker;
static struct http_request request;
static struct route route;
static struct target target;
static struct retry_policy retry;
static struct proxy_request p;

enum { POST_BIT = 1, PUT_BIT = 2, PATCH_BIT = 4, DELETE_BIT = 8 };

static const char *const any_method[] = {"GET", "POST", NULL};

/* A try of a POST with a key that is kept; it reached the upstream and was broken off there. */
static struct proxy_request *begin(void)
{
        worker = (struct proxy_worker){.loop = loop, .budget.fifths = 100000};
        request = (struct http_request){.method = "POST"};
        route = (struct route){.idempotency = IDEMPOTENCY_UNSAID};
        retry = (struct retry_policy){
                .retries = 2, .methods = any_method, .first_ms = 100, .factor = 3};
        retry.on.has[500] = true;
        target = (struct target){.keeps_keys = POST_BIT};
        p = (struct proxy_request){
                .worker = &worker,
                .request = &request,
                .route = &route,
                .target = &target,
                .key.text = "k",
                .tries = {.begun = 1, .reached = 1},
                .start_us = clock_mono_us(),
                .upstream.outcome = UPSTREAM_BROKEN,
        };
        return &p;
}

static bool again(void)
{
        int64_t us = retry_wait_us(&p);

        check(us >= -1 && !p.tries.timer.set); /* it only says when */
        return us >= 0;
}

static int64_t wait_ms(void)
{
        int64_t us = retry_wait_us(&p);

        return us < 0 ? -1 : us / 1000;
}

static void what_did_not_reach_the_upstream_is_sent_once_more(void)
{
        static const enum upstream_outcome outcomes[] = {UPSTREAM_REFUSED, UPSTREAM_BROKEN};

        for (int i = 0; i < 2; i++) {
                begin()->tries.reached = 0;
                p.key.text = NULL;
                request.partial = true; /* its beginning is here */
                p.upstream.outcome = outcomes[i];
                check(again());
                p.tries.begun = 2;
                check(!again());
        }
        begin()->tries.reached = 0;
        p.tries.begun = 2; /* a key gives no more tries as long as nothing is at stake */
        check(!again());
        begin()->tries.reached = 0;
        p.upstream.outcome = UPSTREAM_SLOW;
        check(!again());
}

static void what_is_safe_is_sent_once_more(void)
{
        static const char *const safe[] = {"GET", "HEAD", "OPTIONS", NULL}, *const others[] = {
                                                                                    "POST", "PUT",
                                                                                    "PATCH",
                                                                                    "DELETE", NULL};

        for (int i = 0; safe[i]; i++) {
                begin()->key.text = NULL;
                request.method = safe[i];
                check(again());
                p.tries.begun = 2;
                check(!again());
                p.tries.begun = 1;
                request.partial = true;
                check(!again());
                request.partial = false;
                p.upstream.begun = true;
                check(!again());
                p.upstream.begun = false;
                p.upstream.outcome = UPSTREAM_SLOW;
                check(!again());
        }
        for (int i = 0; others[i]; i++) {
                begin()->key.text = NULL;
                request.method = others[i];
                target.keeps_keys = ~0u;
                route.idempotency = IDEMPOTENCY_YES;
                check(!again());
        }
}

static void a_key_counts_where_it_is_kept(void)
{
        static const struct {
                const char *method;
                enum idempotency said;
                unsigned seen;
                bool again;
        } rows[] = {
                {"POST", IDEMPOTENCY_UNSAID, 0, false},
                {"POST", IDEMPOTENCY_UNSAID, POST_BIT, true},
                {"POST", IDEMPOTENCY_UNSAID, ~1u, false},
                {"POST", IDEMPOTENCY_YES, 0, true},
                {"POST", IDEMPOTENCY_NO, ~0u, false},
                {"PUT", IDEMPOTENCY_YES, 0, false},
                {"PUT", IDEMPOTENCY_YES, POST_BIT, false},
                {"PUT", IDEMPOTENCY_UNSAID, PUT_BIT, true},
                {"PUT", IDEMPOTENCY_YES, PUT_BIT, true},
                {"PUT", IDEMPOTENCY_NO, PUT_BIT, false},
                {"PUT", IDEMPOTENCY_UNSAID, ~2u, false},
                {"PATCH", IDEMPOTENCY_UNSAID, PATCH_BIT, true},
                {"PATCH", IDEMPOTENCY_YES, ~4u, false},
                {"DELETE", IDEMPOTENCY_UNSAID, DELETE_BIT, true},
                {"DELETE", IDEMPOTENCY_YES, ~8u, false},
                {"BREW", IDEMPOTENCY_YES, ~0u, false},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                begin();
                request.method = rows[i].method;
                route.idempotency = rows[i].said;
                target.keeps_keys = rows[i].seen;
                if (again() != rows[i].again)
                        printf("row %zu, %s\n", i, rows[i].method);
                check(again() == rows[i].again);
        }
}

static void a_key_has_its_tries_and_its_time(void)
{
        for (int reached = 1; reached < 8; reached++) {
                begin()->tries.reached = reached;
                p.tries.begun = 20; /* most of them reached nobody */
                check(again());
        }
        begin()->tries.reached = 8;
        check(!again());
        begin()->start_us -= 4500000;
        check(again());
        begin()->start_us -= 5000001;
        check(!again());
        begin();
        request.partial = true;
        check(!again());
        begin()->upstream.begun = true;
        check(!again());
        begin()->upstream.outcome = UPSTREAM_SLOW;
        check(!again());
        begin()->upstream.outcome =
                UPSTREAM_REFUSED; /* it restarts: who was there before knows whether it was done */
        check(again());
}

/* Its answer is a 409: the first try is still at work. */
static struct proxy_request *begin_conflict(int reached)
{
        begin()->upstream.outcome = UPSTREAM_ANSWERED;
        p.upstream.begun = true;
        p.upstream.status = 409;
        p.tries.begun = p.tries.reached = reached;
        return &p;
}

static void our_own_conflict_is_waited_for(void)
{
        begin_conflict(2);
        check(again());
        begin_conflict(1); /* somebody else's */
        check(!again());
        begin_conflict(1)->tries.begun = 2; /* the first try reached nobody */
        check(!again());
        begin_conflict(7);
        check(again());
        begin_conflict(8);
        check(!again());
        begin_conflict(2)->upstream.status = 200;
        check(!again());
        begin_conflict(2)->key.text = NULL;
        check(!again());
        begin_conflict(2);
        target.keeps_keys = 0;
        check(!again());
        begin_conflict(2);
        request.partial = true;
        check(!again());
        begin_conflict(2)->start_us -= 5000001;
        check(!again());
}

static void a_filter_asks_for_more(void)
{
        begin()->upstream.outcome = UPSTREAM_ANSWERED;
        p.upstream.begun = true;
        p.upstream.status = 500;
        p.key.text = NULL;
        check(!again());
        route.retry = &retry;
        check_int(wait_ms(), 100);
        p.tries.begun = 2;
        check_int(wait_ms(), 300);
        retry.first_ms = 0;
        check_int(wait_ms(), 0); /* without a wait, which is not the same as not at all */
        p.tries.begun = 3;
        check(!again());
        p.tries.begun = 1;
        p.upstream.status = 501;
        check(!again());
        p.upstream.status = 500;
        request.method = "PUT";
        check(!again());
        request.method = "GET";
        request.partial = true;
        check(!again());
        request.partial = false;
        p.upstream.outcome = UPSTREAM_SLOW; /* it says what answers it wants, and there is none */
        check(!again());
}

static void waits_double_and_vary(void)
{
        static const int64_t longest[] = {25, 50, 100, 200, 400, 800, 800, 800};

        for (int i = 0; i < 7; i++) {
                begin()->tries.begun = i + 1;
                check_int(wait_ms(), longest[i] / 2);
                p.asked.random = (uint64_t)(longest[i] / 2) << 32;
                check_int(wait_ms(), longest[i] / 2 * 2);
                p.asked.random = (uint64_t)(longest[i] / 2 + 1) << 32;
                check_int(wait_ms(), longest[i] / 2);
                p.asked.random = 0xffffffff; /* the lower half is for others */
                check_int(wait_ms(), longest[i] / 2);
        }
}

static void a_budget_is_spent(void)
{
        begin();
        worker.budget = (struct retry_budget){.fifths = 9, .second = loop_now_us(loop) / 1000000};
        check(again());
        check_int(worker.budget.fifths, 4);
        check(!again());
        begin()->upstream.begun = true; /* what is not sent again costs nothing */
        worker.budget = (struct retry_budget){.fifths = 9, .second = loop_now_us(loop) / 1000000};
        check(!again());
        check_int(worker.budget.fifths, 9);
}

static unsigned learnt(const char *method, const char *key, enum upstream_outcome outcome,
                       const char *name, const char *value)
{
        static struct http_header fields[2];

        fields[0] = header_whole("X-Other", "k");
        fields[1] = header_whole(name, value);
        begin()->key.text = key;
        target.keeps_keys = 0;
        request.method = method;
        p.upstream.outcome = outcome;
        p.upstream.answer = fields;
        p.upstream.answer_count = 2;
        retry_learn(&p);
        return target.keeps_keys;
}

static void an_answer_that_names_the_key_keeps_it(void)
{
        struct http_header named;

        check_int(learnt("POST", "k", UPSTREAM_ANSWERED, "Idempotency-Key", "k"), POST_BIT);
        check_int(learnt("PUT", "k", UPSTREAM_ANSWERED, "idempotency-key", "k"), PUT_BIT);
        check_int(learnt("PATCH", "k", UPSTREAM_ANSWERED, "Idempotency-Key", "k"), PATCH_BIT);
        check_int(learnt("DELETE", "k", UPSTREAM_ANSWERED, "Idempotency-Key", "k"), DELETE_BIT);
        check_int(learnt("GET", "k", UPSTREAM_ANSWERED, "Idempotency-Key", "k"), 0);
        check_int(learnt("POST", "k", UPSTREAM_ANSWERED, "Idempotency-Key", "K"), 0);
        check_int(learnt("POST", "k", UPSTREAM_ANSWERED, "Idempotency-Keys", "k"), 0);
        check_int(learnt("POST", "k", UPSTREAM_BROKEN, "Idempotency-Key", "k"), 0);
        check_int(learnt("POST", NULL, UPSTREAM_ANSWERED, "Idempotency-Key", "k"), 0);
        named = header_whole("Idempotency-Key", "k");
        begin()->upstream = (struct upstream_request){
                .outcome = UPSTREAM_ANSWERED, .answer = &named, .answer_count = 1};
        target.keeps_keys = PUT_BIT;
        retry_learn(&p); /* one more, beside what is known */
        check_int(target.keeps_keys, PUT_BIT | POST_BIT);
        retry_learn(&p);
        check_int(target.keeps_keys, PUT_BIT | POST_BIT);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(what_did_not_reach_the_upstream_is_sent_once_more),
                STORY(what_is_safe_is_sent_once_more),
                STORY(a_key_counts_where_it_is_kept),
                STORY(a_key_has_its_tries_and_its_time),
                STORY(our_own_conflict_is_waited_for),
                STORY(a_filter_asks_for_more),
                STORY(waits_double_and_vary),
                STORY(a_budget_is_spent),
                STORY(an_answer_that_names_the_key_keeps_it),
                {NULL, NULL},
        };
        int failed = (loop = loop_open(), check_main(stories, argc, argv));

        loop_close(&loop);
        return failed;
}
