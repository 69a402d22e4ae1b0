#include "gateway/routing/retry_policy.h"

#include "testing/check.h"

#include <stddef.h>

static const char *const methods[] = {"GET", "put", NULL};

static void an_answer_is_asked_for_again_as_often_as_allowed(void)
{
        struct retry_policy r = {.retries = 2, .methods = methods};

        statuses_add_series(&r.on, "SERVER_ERROR");
        check(retry_policy_wants(&r, "GET", 503, 0));
        check(retry_policy_wants(&r, "PUT", 503, 1));
        check(!retry_policy_wants(&r, "GET", 503, 2));
        check(!retry_policy_wants(&r, "POST", 503, 0));
        check(!retry_policy_wants(&r, "GET", 404, 0));
        check(!retry_policy_wants(&r, "GET", 0, 0));
}

static void waits_grow_up_to_their_bound(void)
{
        struct retry_policy r = {.first_ms = 10, .max_ms = 50, .factor = 2};

        check_int(retry_policy_wait_ms(&r, 1), 10);
        check_int(retry_policy_wait_ms(&r, 2), 20);
        check_int(retry_policy_wait_ms(&r, 3), 40);
        check_int(retry_policy_wait_ms(&r, 4), 50);
        check_int(retry_policy_wait_ms(&r, 100), 50);
        r.max_ms = 0;
        check_int(retry_policy_wait_ms(&r, 100), 3600000);
        r.factor = 1;
        check_int(retry_policy_wait_ms(&r, 100), 10);
        r.first_ms = 0;
        check_int(retry_policy_wait_ms(&r, 100), 0);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_answer_is_asked_for_again_as_often_as_allowed),
                STORY(waits_grow_up_to_their_bound),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
