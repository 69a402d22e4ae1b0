/* settings - from the tree of an application.yml to struct routes; routes.c's own. */
#ifndef GATEWAY_SETTINGS_H
#define GATEWAY_SETTINGS_H

#include "gateway/routes.h"

/* Everything under spring.cloud.gateway; `gateway` may be NULL. */
bool settings_read(struct routes *routes, const struct tree *gateway, struct error *error);
/* One member of it, globalcors; a row of a table of fields. */
bool settings_cors(struct routes *routes, const struct tree *globalcors, void *into, struct error *error);
bool settings_read_port(struct routes *routes, const struct tree *port, struct error *error);
/* "application.yml:12: ..." among the routes' warnings. */
void settings_warn(struct routes *routes, const struct tree *at, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#endif
