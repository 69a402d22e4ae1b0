/* filter - what a route changes in a request on its way to the upstream, and in the answer on its
   way back. A new kind is a row in one of the tables of filter_*.c. All work on a filter_chain. */
#ifndef GATEWAY_ROUTING_FILTER_H
#define GATEWAY_ROUTING_FILTER_H

#include "base/text.h"
#include "gateway/config/definition.h"
#include "gateway/routing/filter_chain.h"

struct filter;
struct route;
struct routes;

/* The surroundings of a filter while it is read. Retry, CircuitBreaker and RequestRateLimiter set
   fields of the route instead of changing requests. */
struct filter_place {
        struct routes *routes;
        struct route *route;     /* its predicates and metadata are read already */
        const struct yaml *file; /* the whole file */
};

struct filter_kind {
        const char *name;
        bool (*read)(const struct filter_place *place, struct filter *filter, struct error *error);
        /* False: the filter answered. NULL: it does nothing to requests. */
        bool (*request)(const struct filter *filter, struct filter_chain *chain);
        /* NULL: it does nothing to answers. */
        void (*answer)(const struct filter *filter, struct filter_chain *chain);
        /* As Spring's toString shows it. */
        void (*show)(const struct filter *filter, struct text *out);
};

struct filter {
        const struct filter_kind *kind;
        struct definition definition;
        bool by_default; /* one of default-filters */
        int order;       /* its place in its list, from 1; Spring sorts by it and shows it */
        bool idle;       /* it has no effect; a warning said so */
        int64_t number;  /* segments (StripPrefix), a status (SetStatus, RedirectTo) or bytes */
        const char *name, *value;  /* a header; SetPath, PrefixPath: the path; RedirectTo: the URL;
                                      RewritePath: expression, replacement */
        bool variables;            /* the value contains {names} of Path or Host */
        bool query;                /* RedirectTo: append the request's query */
        const struct regex *regex; /* RewritePath */
        const void *config;        /* CircuitBreaker: its struct route_breaker */
};

bool filter_read(const struct filter_place *place, const struct yaml *at, struct filter *filter,
                 struct error *error);

#endif
