/* load - from the tree of an application.yml to struct routes; routes.c's own. */
#ifndef GATEWAY_ROUTING_LOAD_H
#define GATEWAY_ROUTING_LOAD_H

#include "gateway/routing/routes.h"
#include "gateway/routing/value.h"

/* Everything under spring.cloud.gateway of `file`. */
bool load_gateway(struct routes *routes, const struct yaml *file, struct error *error);
bool load_port(struct routes *routes, const struct yaml *port, struct error *error);
/* "application.yml:12: ..." among the routes' warnings, once. */
void load_warn(struct routes *routes, const struct yaml *at, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* The members of it that have files of their own. */
bool load_cors(struct routes *routes, const struct yaml *globalcors, void *into,
               struct error *error);
bool load_client(struct routes *routes, const struct yaml *httpclient, void *into,
                 struct error *error);
/* Either list may be NULL. */
bool load_routes(struct routes *routes, const struct yaml *list, const struct yaml *default_filters,
                 const struct yaml *file, struct error *error);

#endif
