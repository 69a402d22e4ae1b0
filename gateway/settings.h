/* settings - from the tree of an application.yml to struct routes; routes.c's own. */
#ifndef GATEWAY_SETTINGS_H
#define GATEWAY_SETTINGS_H

#include "gateway/field.h"
#include "gateway/routes.h"

/* Everything under spring.cloud.gateway of `file`. */
bool settings_read(struct routes *routes, const struct tree *file, struct error *error);
bool settings_read_port(struct routes *routes, const struct tree *port, struct error *error);
/* "application.yml:12: ..." among the routes' warnings, once. */
void settings_warn(struct routes *routes, const struct tree *at, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* The members of it that have files of their own. */
bool settings_cors(struct routes *routes, const struct tree *globalcors, void *into, struct error *error);
bool settings_client(struct routes *routes, const struct tree *httpclient, void *into, struct error *error);
/* Either list may be NULL. */
bool settings_routes(struct routes *routes, const struct tree *list, const struct tree *default_filters,
                     const struct tree *file, struct error *error);

#endif
