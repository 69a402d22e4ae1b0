/* routes - what a Spring Cloud Gateway application.yml says, for one profile.

   Of the file's documents those count that name no profile (spring.profiles, or
   spring.config.activate.on-profile) and, laid over them, those that name an active one. What is
   unknown under spring.cloud.gateway is an error with file, line and reason, for a route that is
   silently not what its author meant costs hours; elsewhere in the file it is a warning. Read once,
   then constant: any thread may read it.

   A reload reads new routes beside the old: routes_inherit, then publish the new. A snapshot
   (gateway/proxy/snapshot.h) owns the routes and closes them after the last request that uses
   them. */
#ifndef GATEWAY_ROUTING_ROUTES_H
#define GATEWAY_ROUTING_ROUTES_H

#include "base/text.h"
#include "gateway/routing/cors.h"
#include "gateway/routing/route.h"

#include <stdio.h>

/* httpclient; 0: not said */
struct client_settings {
        int connect_ms, response_ms;
        int max_connections; /* to one host and port */
        int max_idle_ms, max_life_ms;
        int max_header_bytes; /* of an answer */
};

/* The breaker of that name, for all routes that name it. */
struct shared_breaker {
        const char *name;
        struct breaker *state;
        struct shared_breaker *next;
};

struct routes {
        struct arena *arena;
        const char *source; /* the file's path, or "built-in" */
        struct route *at;   /* in the order in which they are asked */
        size_t count;
        struct cors_config *cors;
        size_t cors_count;
        int port; /* server.port; 0: not said */
        struct client_settings client;
        const char **warnings; /* ended by NULL */
        size_t warning_count;
        /* what the arena does not end */
        struct shared_breaker *breakers;
        struct route_limiter *limiters;
};

/* path NULL: application.yml in the working directory if it is there, else the built-in copy.
   profile NULL: "default"; several are separated by commas. */
struct routes *routes_open(const char *path, const char *profile, struct error *error);
struct routes *routes_read(const char *source, const char *text, size_t len, const char *profile,
                           struct error *error);

void routes_close(struct routes **routes); /* NULL is fine */

/* Adds "application.yml:12: ..." to the warnings, unless it is there already. */
void routes_warn(struct routes *routes, const struct yaml *at, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Breakers of the same name and limiters of the same route id, if they are set up alike, go on
   where `old` is. Before `routes` is published. */
void routes_inherit(struct routes *routes, const struct routes *old);

/* The first route whose predicates all hold, or NULL. */
const struct route *routes_find(const struct routes *routes, const struct asked *asked);
/* The most exact of the configurations for that path, or NULL. */
const struct cors_config *routes_cors(const struct routes *routes, const char *path);

/* A list of {"route_id", "route_definition", "order", "uri", "predicate", "filters"}. */
void routes_json(const struct routes *routes, struct text *out);

/* For --check-routes: a line for each route and each warning, or the error; the exit code, 0 or
   1. */
int routes_check(FILE *out, const char *path, const char *profile);

#endif
