/* snapshot - the routes in force, and what is counted about them. A reload makes a new snapshot
   beside the old one; whoever serves a request holds the snapshot that it began with. */
#ifndef GATEWAY_PROXY_SNAPSHOT_H
#define GATEWAY_PROXY_SNAPSHOT_H

#include "gateway/proxy/route_metrics.h"
#include "gateway/routing/routes.h"

#include <stdatomic.h>

/* Milliseconds, and how many requests of one route may be under way at once; 0: not said. A
   response_ms below 0 is no limit. */
struct target_limits {
        int connect_ms, response_ms, max_in_flight;
};

/* Where a route goes, and what is known of it. Any thread. */
struct target {
        const char *host, *authority; /* NULL: nowhere */
        int port;
        struct target_limits limits; /* in force: none is 0 */
        _Atomic int in_flight;
        _Atomic unsigned keeps_keys; /* the methods (retry.c) in whose answers it named an
                                        Idempotency-Key: so asked twice, it does it once */
};

struct snapshot {
        _Atomic int holders;
        struct routes *routes;
        struct route_metrics *metrics_of_routes;
        struct target *targets; /* of each route, in the order of routes->at */
};

/* Takes the routes over. `settings` holds where a route says nothing itself. metrics may be
   NULL. */
struct snapshot *snapshot_open(struct routes *routes, const struct target_limits *settings,
                               struct metrics *metrics);
struct snapshot *snapshot_hold(struct snapshot *snapshot);
void snapshot_release(struct snapshot **snapshot);

struct target *snapshot_target(const struct snapshot *snapshot, const struct route *route);

#endif
