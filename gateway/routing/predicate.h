/* predicate - what a request must be for a route to take it. A new kind is a row in one of the
   tables. */
#ifndef GATEWAY_ROUTING_PREDICATE_H
#define GATEWAY_ROUTING_PREDICATE_H

#include "base/text.h"
#include "gateway/config/definition.h"
#include "gateway/routing/pattern.h"
#include "gateway/routing/regex.h"

#include <stdint.h>

struct headers;
struct routes;

/* What routes look at in a request. */
struct asked {
        struct arena *arena; /* the request's */
        const char *method;
        const char *path;              /* raw, begins with a slash */
        const char *query;             /* raw, behind the '?'; NULL: none */
        const char *client;            /* its address, for RequestRateLimiter */
        const struct headers *headers; /* as received, behind forward_receive */
        uint64_t random; /* drawn by the caller for each request: Weight chooses by it, all else is
                            constant */
};

struct predicate;

struct predicate_kind {
        const char *name;
        bool (*read)(struct routes *routes, struct predicate *predicate, struct error *error);
        bool (*holds)(const struct predicate *predicate, const struct asked *asked);
        /* What {name} of its pattern stands for in a request for which it holds, as
           pattern_variable has it; NULL: has none. */
        const char *(*variable)(const struct predicate *predicate, const struct asked *asked,
                                const char *name);
        void (*show)(const struct predicate *predicate,
                     struct text *out); /* as Spring's toString does */
};

struct predicate {
        const struct predicate_kind *kind;
        struct definition definition;
        const struct pattern **patterns; /* Path, Host; ended by NULL */
        const char **methods;            /* Method; ended by NULL */
        const char *name;                /* Header, Query; Weight: the group */
        const struct regex *regex;       /* Header, Query; NULL: being there is enough */
        const char *regex_text;          /* as written, for show */
        struct {
                int group; /* the how manyeth of the file, from 0 */
                uint64_t weight, from,
                        total; /* of `total`, as many as `weight` from `from` on are ours */
        } share;               /* Weight */
};

bool predicate_read(struct routes *routes, const struct yaml *at, struct predicate *predicate,
                    struct error *error);
/* Of all Weight predicates of a file: gives each its part of its group's throws. */
void predicates_share(struct predicate **weights, size_t count);

#endif
