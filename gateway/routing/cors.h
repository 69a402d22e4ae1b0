/* cors - which pages of other origins may use the gateway. Decides as Spring's DefaultCorsProcessor
   does.

   Pure functions: from a few fields of the request and one configuration to a verdict. A simple
   request that is allowed is forwarded, and the verdict's headers replace any Access-Control-* of
   the upstream's answer. A preflight is answered here and never reaches an upstream. A request that
   is not allowed gets 403. If credentials are allowed, the origin is echoed, never "*". Source:
   Fetch standard, section 3.2. */
#ifndef GATEWAY_ROUTING_CORS_H
#define GATEWAY_ROUTING_CORS_H

#include "base/arena.h"
#include "gateway/routing/pattern.h"

#include <stdbool.h>
#include <stdint.h>

/* Lists end with NULL. A NULL list is not configured and allows nothing, except methods: GET and
   HEAD. */
struct cors_config {
        const struct pattern *paths;
        const char *const *origins, *const *origin_patterns,
                                            *const *methods, *const *headers, *const *exposed;
        bool credentials;
        int64_t max_age_s; /* below 0: not configured */
};

struct cors_request {
        const char *method, *origin; /* Origin, NULL: none */
        /* these only if there is an Origin: */
        const char *scheme, *host; /* of the gateway, as the client sees it */
        const char *asked_method;  /* Access-Control-Request-Method, or NULL */
        const char *asked_headers; /* Access-Control-Request-Headers, or NULL */
};

enum cors_outcome {
        CORS_NONE,    /* not a CORS request, or CORS is not configured: forward it */
        CORS_ALLOWED, /* forward it and add the headers to its answer */
        CORS_ANSWER,  /* an allowed preflight: answer 200 with the headers and no body */
        CORS_REFUSED, /* answer 403 */
};

enum { CORS_HEADERS = 10 };

struct cors_verdict {
        enum cors_outcome outcome;
        const char *reason; /* CORS_REFUSED: why, for people */
        struct {
                const char *name, *value;
        } headers[CORS_HEADERS];
        int header_count;
};

/* config NULL: CORS is not configured for the path. */
void cors_decide(struct arena *arena, const struct cors_config *config,
                 const struct cors_request *request, struct cors_verdict *verdict);

/* Whether it allows every origin. */
bool cors_is_open(const struct cors_config *config);

/* Whether the verdict's headers replace this header of the upstream's answer. */
bool cors_owns(const struct cors_verdict *verdict, const char *name);

#endif
