/* filter - what a route changes in a request on its way to the upstream, and in the answer on its
   way back. A new kind is a row in one of the tables; what all of them work on is a chain. */
#ifndef GATEWAY_ROUTING_FILTER_H
#define GATEWAY_ROUTING_FILTER_H

#include "base/text.h"
#include "gateway/config/definition.h"
#include "gateway/routing/filter_chain.h"

struct filter;
struct route;
struct routes;

/* Where a filter is read. Some (Retry, CircuitBreaker, RequestRateLimiter) say how the route as a
   whole is to be served. */
struct filter_place {
        struct routes *routes;
        struct route *route;     /* its predicates and metadata are known */
        const struct yaml *file; /* all that the file says */
};

struct filter_kind {
        const char *name;
        bool (*read)(const struct filter_place *place, struct filter *filter, struct error *error);
        bool (*request)(const struct filter *filter,
                        struct filter_chain *chain); /* false: answered; NULL: nothing to do */
        void (*answer)(const struct filter *filter,
                       struct filter_chain *chain);                  /* NULL: nothing to do */
        void (*show)(const struct filter *filter, struct text *out); /* as Spring's toString does */
};

struct filter {
        const struct filter_kind *kind;
        struct definition definition;
        bool by_default; /* one of default-filters */
        int order;       /* its place in its list, from 1, as Spring shows it */
        bool idle;       /* without effect, which a warning said */
        int64_t number;  /* segments (StripPrefix), a status (SetStatus, RedirectTo) or bytes */
        const char *name, *value;  /* headers; SetPath, PrefixPath: the path; RedirectTo: the url;
                                      RewritePath: what by */
        bool variables;            /* the value has {names} of the Path predicate in it */
        bool query;                /* RedirectTo: with the request's */
        const struct regex *regex; /* RewritePath */
        const void *config;        /* CircuitBreaker: what it left with the route */
};

bool filter_read(const struct filter_place *place, const struct yaml *at, struct filter *filter,
                 struct error *error);

#endif
