/* snapshot - the routes in force, and what is counted about them. A reload makes a new snapshot;
   each request holds the one that it began with, and the last holder frees it. */
#ifndef GATEWAY_PROXY_SNAPSHOT_H
#define GATEWAY_PROXY_SNAPSHOT_H

#include "gateway/proxy/route_metrics.h"
#include "gateway/routing/routes.h"
#include "gateway/upstream/upstream_meter.h"

#include <stdatomic.h>

/* Two timeouts in milliseconds, and how many requests of a route may be in flight at once. 0: not
   said; a response_ms below 0: no limit. */
struct target_limits {
        int connect_ms, response_ms, max_in_flight;
};

/* Where a route leads, and what is known of that upstream. Any thread. */
struct target {
        const char *host, *authority; /* NULL: nowhere */
        int port;
        struct target_limits limits;        /* in force; none is 0 */
        const struct upstream_meter *meter; /* NULL: the tries at it are not counted */
        _Atomic int in_flight;
        _Atomic unsigned keeps_keys; /* a bit for each method (retry.c) for which an answer of it
                                        named an Idempotency-Key: asked twice, it acts once */
};

struct snapshot {
        _Atomic int holders;
        struct routes *routes;
        struct route_metrics *metrics_of_routes;
        struct target *targets; /* one for each route, in the order of routes->at */
};

/* Takes the routes over. settings: for routes that say nothing themselves. metrics and meters may
   be NULL. */
struct snapshot *snapshot_open(struct routes *routes, const struct target_limits *settings,
                               struct metrics *metrics, struct upstream_meters *meters);
struct snapshot *snapshot_hold(struct snapshot *snapshot);
void snapshot_release(struct snapshot **snapshot);

struct target *snapshot_target(const struct snapshot *snapshot, const struct route *route);

#endif
