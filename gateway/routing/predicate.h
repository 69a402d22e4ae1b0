/* predicate - a condition that a request must meet for a route to take it. A new kind is a row in
   one of the tables of predicate_*.c. */
#ifndef GATEWAY_ROUTING_PREDICATE_H
#define GATEWAY_ROUTING_PREDICATE_H

#include "base/text.h"
#include "gateway/config/definition.h"
#include "gateway/routing/pattern.h"
#include "gateway/routing/regex.h"

#include <stdint.h>

struct headers;
struct routes;

/* The parts of a request that routes look at. */
struct asked {
        struct arena *arena; /* the request's */
        const char *method;
        const char *path;              /* raw, begins with a slash */
        const char *query;             /* raw, after the '?'; NULL: none */
        const char *client;            /* its address, for RequestRateLimiter */
        const struct headers *headers; /* after forward_receive */
        uint64_t random; /* drawn by the caller for each request; Weight chooses by it */
};

struct predicate;

struct predicate_kind {
        const char *name;
        bool (*read)(struct routes *routes, struct predicate *predicate, struct error *error);
        bool (*holds)(const struct predicate *predicate, const struct asked *asked);
        /* The value of {name} in a request for which the predicate holds, as from pattern_variable.
           NULL: this kind has no variables. */
        const char *(*variable)(const struct predicate *predicate, const struct asked *asked,
                                const char *name);
        /* As Spring's toString shows it. */
        void (*show)(const struct predicate *predicate, struct text *out);
};

struct predicate {
        const struct predicate_kind *kind;
        struct definition definition;
        const struct pattern **patterns; /* Path, Host; ended by NULL */
        const char **methods;            /* Method; ended by NULL */
        const char *name;                /* Header, Query; Weight: the group */
        const struct regex *regex;       /* Header, Query; NULL: any value will do */
        const char *regex_text;          /* as written, for `show` */
        /* Weight: of `total` equally likely outcomes, `weight` ones choose the route, from `from`
           on. */
        struct {
                int group; /* index of the weight group within the file, from 0 */
                uint64_t weight, from, total;
        } share;
};

bool predicate_read(struct routes *routes, const struct yaml *at, struct predicate *predicate,
                    struct error *error);
/* Takes all Weight predicates of a file and gives each its share of its group's throws. */
void predicates_share(struct predicate **weights, size_t count);

#endif
