/* routes - what a Spring Cloud Gateway application.yml says, for one profile.

   Of the file's documents those count that name no profile (spring.profiles, or spring.config.activate.on-profile) and,
   laid over them, those that name an active one. What is unknown under spring.cloud.gateway is an error
   with file, line and reason, for a route that is silently not what its author meant costs hours; elsewhere in the
   file it is a warning. Read once, then constant: any thread may read it. */
#ifndef GATEWAY_ROUTES_H
#define GATEWAY_ROUTES_H

#include "base/text.h"
#include "gateway/cors.h"
#include "gateway/filter.h"
#include "gateway/predicate.h"

struct route {
        const char *id, *uri; /* as in the file */
        const char *base;     /* "http://host:port", nothing behind it */
        int order;
        struct predicate *predicates;
        size_t predicate_count;
        struct filter *filters;
        size_t filter_count;
};

struct routes {
        struct arena *arena;
        const char *source; /* the file's path, or "built-in" */
        struct route *at; /* in the order in which they are asked */
        size_t count;
        struct cors_config *cors;
        size_t cors_count;
        int port;                    /* server.port; 0: not said */
        int connect_ms, response_ms; /* httpclient; 0: not said */
        const char **warnings;       /* ended by NULL */
        size_t warning_count;
};

/* path NULL: application.yml in the working directory if it is there, else the built-in copy.
   profile NULL: "default"; several are separated by commas. */
struct routes *routes_open(const char *path, const char *profile, struct error *error);
struct routes *routes_read(const char *source, const char *text, size_t len, const char *profile, struct error *error);
void routes_close(struct routes **routes);

/* The first route whose predicates all hold, or NULL. */
const struct route *routes_find(const struct routes *routes, const struct http_request *request);
/* The most exact of the configurations for that path, or NULL. */
const struct cors_config *routes_cors(const struct routes *routes, const char *path);

/* [{"route_id":...,"route_definition":{...},"order":0,"uri":...,"predicate":...,"filters":[...]}] */
void routes_json(const struct routes *routes, struct text *out);

#endif
