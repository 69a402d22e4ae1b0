/* routes - the routes and settings of a Spring Cloud Gateway application.yml, for one profile.

   Documents that name no profile (spring.profiles, or spring.config.activate.on-profile) count
   always; documents that name an active profile are merged over them. An unknown key under
   spring.cloud.gateway is an error with file, line and reason: a route that silently differs from
   what its author meant costs hours. Elsewhere in the file an unknown key is a warning. Routes are
   constant after reading; any thread may use them.

   A reload reads new routes while the old ones serve, calls routes_inherit and publishes the new
   ones. A snapshot (gateway/proxy/snapshot.h) owns the routes and closes them after the last
   request that uses them. */
#ifndef GATEWAY_ROUTING_ROUTES_H
#define GATEWAY_ROUTING_ROUTES_H

#include "base/text.h"
#include "gateway/routing/cors.h"
#include "gateway/routing/route.h"

#include <stdio.h>

/* httpclient; 0: not set */
struct client_settings {
        int connect_ms, response_ms;
        int max_connections; /* to one host and port */
        int max_idle_ms, max_life_ms;
        int max_header_bytes; /* of an answer */
};

/* A breaker, shared by all routes that name it. */
struct shared_breaker {
        const char *name;
        struct breaker *state;
        struct shared_breaker *next;
};

struct routes {
        struct arena *arena;
        const char *source; /* the file's path, or "built-in" */
        struct route *at;   /* sorted: routes_find takes the first that matches */
        size_t count;
        struct cors_config *cors;
        size_t cors_count;
        int port; /* server.port; 0: not set */
        struct client_settings client;
        const char **warnings; /* ended by NULL */
        size_t warning_count;
        /* these do not live in the arena; routes_close ends them */
        struct shared_breaker *breakers;
        struct route_limiter *limiters;
};

/* path NULL: application.yml in the working directory if there is one, else the built-in copy.
   profile: several are separated by commas; NULL: "default". */
struct routes *routes_open(const char *path, const char *profile, struct error *error);
struct routes *routes_read(const char *source, const char *text, size_t len, const char *profile,
                           struct error *error);

void routes_close(struct routes **routes); /* does nothing if NULL */

/* Adds "application.yml:12: ..." to the warnings unless it is among them already. */
void routes_warn(struct routes *routes, const struct yaml *at, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Takes over the state of `old`, for breakers of the same name and limiters of the same route id
   with the same settings. Call it before `routes` is published. */
void routes_inherit(struct routes *routes, const struct routes *old);

/* The first route whose predicates all hold; NULL: none. */
const struct route *routes_find(const struct routes *routes, const struct asked *asked);
/* The CORS configuration with the most exact pattern for the path; NULL: none. */
const struct cors_config *routes_cors(const struct routes *routes, const char *path);

/* For /actuator/gateway/routes: a list of {"route_id", "route_definition", "order", "uri",
   "predicate", "filters"}. */
void routes_json(const struct routes *routes, struct text *out);

/* For --check-routes: prints a line for each route and each warning, or the error. Returns the exit
   code, 0 or 1. */
int routes_check(FILE *out, const char *path, const char *profile);

#endif
