/* filter - what a route changes in a request on its way to the upstream. A new kind is a row in filter.c. */
#ifndef GATEWAY_FILTER_H
#define GATEWAY_FILTER_H

#include "base/text.h"
#include "gateway/definition.h"
#include "gateway/forward.h"

struct outgoing {
        struct arena *arena;
        const char *path; /* raw */
        struct headers headers;
};

struct filter;

struct filter_kind {
        const char *name;
        bool (*read)(struct arena *arena, struct filter *filter, struct error *error);
        void (*apply)(const struct filter *filter, struct outgoing *request);
        void (*show)(const struct filter *filter, struct text *out); /* as Spring's toString does */
};

struct filter {
        const struct filter_kind *kind;
        struct definition definition;
        int number;              /* StripPrefix */
        const char *name, *value; /* AddRequestHeader */
};

bool filter_read(struct arena *arena, const struct tree *at, struct filter *filter, struct error *error);

#endif
