/* route - which requests go where, and how they are served. Constant once read, but for the states
   of breaker and limiter, which see to their threads themselves. */
#ifndef GATEWAY_ROUTING_ROUTE_H
#define GATEWAY_ROUTING_ROUTE_H

#include "base/breaker.h"
#include "gateway/routing/filter.h"
#include "gateway/routing/limiter.h"
#include "gateway/routing/predicate.h"
#include "gateway/routing/retry_policy.h"
#include "gateway/routing/status.h"

enum idempotency { IDEMPOTENCY_UNSAID, IDEMPOTENCY_YES, IDEMPOTENCY_NO };

/* CircuitBreaker. Routes that name the same breaker share its state. A call without an answer
   counts as a failure. */
struct route_breaker {
        struct breaker *state;
        const char *name;
        /* Where a failure is answered from: the path, raw, for routes_find with the request's
           method and query; its chain comes between the failed one's request and its answer. At
           least one route takes the path. NULL: not said. */
        const char *fallback;
        struct statuses bad; /* answers that count as failures */
};

enum limiter_key { KEY_NONE, KEY_CLIENT, KEY_HEADER };

/* RequestRateLimiter */
struct route_limiter {
        struct limiter *state;
        enum limiter_key key;     /* KEY_NONE: one bucket for all */
        const char *header;       /* KEY_HEADER */
        bool deny_empty;          /* without that header: empty_status; else it passes, uncounted */
        int status, empty_status; /* 429, 403 */
        struct route_limiter *next; /* routes.c's own */
};

struct route {
        const char *id, *uri; /* as in the file */
        const char *base;     /* "http://host:port", nothing behind it; NULL: some other scheme, and
                                 answers_itself */
        bool answers_itself;  /* RedirectTo: nothing is forwarded */
        int order;
        struct predicate *predicates;
        size_t predicate_count;
        struct filter *filters; /* with the default ones, as they are run */
        size_t filter_count;
        /* NULL: the route has none. The order of serving is limiter, breaker, retry. */
        const struct retry_policy *retry;
        struct route_breaker *breaker;
        struct route_limiter *limiter;
        /* metadata */
        int connect_ms;               /* 0: not said */
        int response_ms;              /* 0: not said; below 0: no limit */
        int max_in_flight;            /* 0: not said */
        enum idempotency idempotency; /* whether the upstream keeps to an Idempotency-Key */
        const struct yaml *metadata;  /* all of it, the user's own too; NULL: none */
};

/* As far as its Path is concerned. */
bool route_takes_path(const struct route *route, const char *path);
/* For the metrics: the first of its Path patterns, else its id. */
const char *route_template(const struct route *route);
/* "(Paths: [...] && Methods: [...])", as Spring shows it. */
void route_show_predicates(const struct route *route, struct text *out);
/* What the limiter counts the request under, an IPv6 client under its /64; NULL: its header is not
   there (see deny_empty). */
const char *route_limiter_key(const struct route_limiter *limiter, const struct asked *asked);

#endif
