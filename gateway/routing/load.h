/* load - from the YAML tree of an application.yml to struct routes; for routes_read.c and
   load_*.c. */
#ifndef GATEWAY_ROUTING_LOAD_H
#define GATEWAY_ROUTING_LOAD_H

#include "gateway/config/value.h"
#include "gateway/routing/routes.h"

/* Reads everything under spring.cloud.gateway of `file`. */
bool load_gateway(struct routes *routes, const struct yaml *file, struct error *error);
bool load_port(struct routes *routes, const struct yaml *port, struct error *error);

/* A member that a map may have. Any other is an error. */
struct known_member {
        const char *name;
        bool (*read)(struct routes *routes, const struct yaml *value, void *into,
                     struct error *error);
};

/* Reads each member of the map by the row of its name; `known` ends with a NULL name. `where` is
   the map's name in messages. */
bool load_members(struct routes *routes, const struct yaml *map, const struct known_member *known,
                  void *into, const char *where, struct error *error);

/* Members of spring.cloud.gateway with files of their own. */
bool load_cors(struct routes *routes, const struct yaml *globalcors, void *into,
               struct error *error);
bool load_client(struct routes *routes, const struct yaml *httpclient, void *into,
                 struct error *error);
/* Either list may be NULL. */
bool load_routes(struct routes *routes, const struct yaml *list, const struct yaml *default_filters,
                 const struct yaml *file, struct error *error);

#endif
