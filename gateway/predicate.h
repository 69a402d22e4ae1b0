/* predicate - what a request must be for a route to take it. A new kind is a row in predicate.c. */
#ifndef GATEWAY_PREDICATE_H
#define GATEWAY_PREDICATE_H

#include "base/text.h"
#include "gateway/definition.h"
#include "gateway/match.h"
#include "http/server.h"

struct predicate;

struct predicate_kind {
        const char *name;
        bool (*read)(struct arena *arena, struct predicate *predicate, struct error *error);
        bool (*holds)(const struct predicate *predicate, const struct http_request *request);
        void (*show)(const struct predicate *predicate, struct text *out); /* as Spring's toString does */
};

struct predicate {
        const struct predicate_kind *kind;
        struct definition definition;
        const struct pattern **patterns; /* Path; ended by NULL */
};

bool predicate_read(struct arena *arena, const struct tree *at, struct predicate *predicate, struct error *error);

#endif
