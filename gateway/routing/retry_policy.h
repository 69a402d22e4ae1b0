/* retry_policy - what a route's Retry filter says: which answers are asked for again, how often,
   and after what wait.

   Whether a request may be sent twice at all is not decided here: a method in the list is no
   promise that its body is still there or that the upstream did nothing yet. */
#ifndef GATEWAY_ROUTING_RETRY_POLICY_H
#define GATEWAY_ROUTING_RETRY_POLICY_H

#include "gateway/routing/status.h"

#include <stdint.h>

struct retry_policy {
        int retries;                /* at most that many after the first */
        struct statuses on;         /* statuses and series */
        const char *const *methods; /* ended by NULL */
        /* the wait; first_ms 0: none */
        int64_t first_ms, max_ms; /* max_ms 0: no upper bound */
        int factor;
};

/* Whether an answer with that status is asked for again when `done` retries were made already. */
bool retry_policy_wants(const struct retry_policy *retry, const char *method, int status, int done);
/* Before retry `number`, from 1. */
int64_t retry_policy_wait_ms(const struct retry_policy *retry, int number);

#endif
