/* plan - the routes in force, and what is counted about them. A reload makes a new plan beside the old one; whoever serves
   a request holds the plan that it began with. */
#ifndef GATEWAY_PLAN_H
#define GATEWAY_PLAN_H

#include "gateway/observe.h"
#include "gateway/routes.h"

#include <stdatomic.h>

/* Where a route goes, and what is known of it. Any thread. */
struct target {
        const char *host, *authority; /* NULL: nowhere */
        int port;
        _Atomic int in_flight;
        _Atomic unsigned keeps_keys; /* the methods (again.c) in whose answers it named an Idempotency-Key: so asked twice, it does it once */
};

struct plan {
        _Atomic int holders;
        struct routes *routes;
        struct observer *observer;
        struct target *targets; /* of each route, in the order of routes->at */
};

/* Takes the routes over. metrics may be NULL. */
struct plan *plan_open(struct routes *routes, struct metrics *metrics);
struct plan *plan_hold(struct plan *plan);
void plan_release(struct plan **plan);

struct target *plan_target(const struct plan *plan, const struct route *route);

#endif
