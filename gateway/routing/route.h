/* route - where requests go and how they are served. Constant after reading, except the states of
   breaker and limiter, which any thread may use. */
#ifndef GATEWAY_ROUTING_ROUTE_H
#define GATEWAY_ROUTING_ROUTE_H

#include "base/breaker.h"
#include "gateway/routing/filter.h"
#include "gateway/routing/limiter.h"
#include "gateway/routing/predicate.h"
#include "gateway/routing/retry_policy.h"
#include "gateway/routing/status.h"

enum idempotency { IDEMPOTENCY_UNSAID, IDEMPOTENCY_YES, IDEMPOTENCY_NO };

/* CircuitBreaker. Routes that name the same breaker share its state. A request without an answer
   counts as a failure. */
struct route_breaker {
        struct breaker *state;
        const char *name;
        /* A failed request is served by the route that takes this raw path, with the request's
           method and query. That route's filters run after the request side of this route's filters
           and before their answer side. At least one route takes the path. NULL: there is no
           fallback. */
        const char *fallback;
        struct statuses bad; /* statuses that count as failures */
};

enum limiter_key { KEY_NONE, KEY_CLIENT, KEY_HEADER };

/* RequestRateLimiter */
struct route_limiter {
        struct limiter *state;
        enum limiter_key key; /* KEY_NONE: one bucket for all */
        const char *header;   /* KEY_HEADER */
        bool deny_empty;      /* without that header: answer empty_status; else forward uncounted */
        int status, empty_status;   /* 429, 403 */
        struct route_limiter *next; /* for routes_close */
};

struct route {
        const char *id, *uri; /* as in the file */
        const char *base; /* "http://host:port"; NULL: another scheme, allowed if answers_itself */
        bool answers_itself; /* RedirectTo: nothing is forwarded */
        int order;
        struct predicate *predicates;
        size_t predicate_count;
        struct filter *filters; /* with the default ones, in the order in which they run */
        size_t filter_count;
        /* NULL: the route has none. A request passes limiter, breaker and retry in this order. */
        const struct retry_policy *retry;
        struct route_breaker *breaker;
        struct route_limiter *limiter;
        /* metadata */
        int connect_ms;               /* 0: not set */
        int response_ms;              /* 0: not set; below 0: no limit */
        int max_in_flight;            /* 0: not set */
        enum idempotency idempotency; /* whether the upstream honours an Idempotency-Key */
        const struct yaml *metadata;  /* all of it, with the user's own keys; NULL: none */
};

/* Whether its Path predicates take the path; other predicates are ignored. */
bool route_takes_path(const struct route *route, const char *path);
/* For metrics: its first Path pattern, or its id if it has none. */
const char *route_template(const struct route *route);
/* "(Paths: [...] && Methods: [...])", as Spring shows it. */
void route_show_predicates(const struct route *route, struct text *out);
/* The key of the request's bucket; for an IPv6 client its /64 network. NULL: the header is missing
   (see deny_empty). */
const char *route_limiter_key(const struct route_limiter *limiter, const struct asked *asked);

#endif
