/* retry_policy - the settings of a route's Retry filter: which answers cause a retry, how many
   retries, and the wait before each.

   Whether a request may be sent again at all is decided elsewhere (gateway/proxy/retry.c): the body
   may be gone, or the upstream may have acted already. */
#ifndef GATEWAY_ROUTING_RETRY_POLICY_H
#define GATEWAY_ROUTING_RETRY_POLICY_H

#include "gateway/routing/status.h"

#include <stdint.h>

struct retry_policy {
        int retries;                /* at most, after the first try */
        struct statuses on;         /* statuses and series */
        const char *const *methods; /* ended by NULL */
        /* the waits; first_ms 0: none */
        int64_t first_ms, max_ms; /* max_ms 0: no upper bound */
        int factor;
};

/* Whether an answer with that status causes a retry, after `done` retries. */
bool retry_policy_wants(const struct retry_policy *retry, const char *method, int status, int done);
/* The wait before retry `number`, from 1. */
int64_t retry_policy_wait_ms(const struct retry_policy *retry, int number);

#endif
