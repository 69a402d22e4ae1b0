/* cors - which pages of other origins may use the gateway, decided as Spring's DefaultCorsProcessor
   does.

   Pure: from the request's few fields and one configuration to a verdict. A simple request that is
   allowed goes on and its answer gets the verdict's headers instead of whatever Access-Control-*
   the upstream said; a preflight is answered here and never reaches an upstream; what is not
   allowed is 403. Where credentials are allowed, the origin is echoed, never "*". Source: Fetch
   standard, section 3.2. */
#ifndef GATEWAY_ROUTING_CORS_H
#define GATEWAY_ROUTING_CORS_H

#include "base/arena.h"
#include "gateway/routing/pattern.h"

#include <stdbool.h>
#include <stdint.h>

/* Lists end with NULL; a NULL list was not configured and allows nothing (methods: GET and
   HEAD). */
struct cors_config {
        const struct pattern *paths;
        const char *const *origins, *const *origin_patterns,
                                            *const *methods, *const *headers, *const *exposed;
        bool credentials;
        int64_t max_age_s; /* below 0: not said */
};

struct cors_request {
        const char *method, *origin; /* Origin, NULL: none */
        const char *scheme, *host;   /* as the client sees us */
        const char *asked_method;    /* Access-Control-Request-Method, or NULL */
        const char *asked_headers;   /* Access-Control-Request-Headers, or NULL */
};

enum cors_outcome {
        CORS_NONE,    /* no matter of ours: no Origin, our own origin, or nothing configured */
        CORS_ALLOWED, /* goes on; headers belong into its answer */
        CORS_ANSWER,  /* a preflight that is allowed: 200, headers, no body */
        CORS_REFUSED, /* 403 */
};

enum { CORS_HEADERS = 10 };

struct cors_verdict {
        enum cors_outcome outcome;
        const char *reason; /* refused: for people */
        struct {
                const char *name, *value;
        } headers[CORS_HEADERS];
        int header_count;
};

/* config NULL: none is configured for the path. */
void cors_decide(struct arena *arena, const struct cors_config *config,
                 const struct cors_request *request, struct cors_verdict *verdict);

/* Whether it allows every origin. */
bool cors_is_open(const struct cors_config *config);

/* Whether the verdict's headers replace this one of the upstream's. */
bool cors_owns(const struct cors_verdict *verdict, const char *name);

#endif
