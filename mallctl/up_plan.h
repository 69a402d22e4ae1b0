/* up_plan - what `mallctl up` is to start: the daemons of this build, as each describes itself, and
   where they are to listen. */
#ifndef MALLCTL_UP_PLAN_H
#define MALLCTL_UP_PLAN_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { UP_ADMIN_STEP = 1000, UP_METRICS_STEP = 1100 }; /* from a daemon's port to its other ones */

struct up_daemon {
        const char *name, *program; /* "order", "/usr/bin/order" */
        int usual, port;        /* where it listens if nobody says otherwise; and where it is to */
        int admin, metrics;     /* ports of their own for these; 0: none */
        const char **variables; /* the MALL_ and OTEL_ variables that it knows; ended by NULL */
        bool is_gateway;        /* the others are behind it */
        bool is_console;        /* it looks at the others */
};

struct up_plan {
        struct arena *arena; /* has all of it */
        const char *bin;     /* the directory of the programs */
        const char *data;    /* that of the stores; absolute */
        const char *address; /* where the daemons listen; NULL: as they do by themselves */
        const char *host;    /* how they are reached from here: "localhost", "[fd00::1]" */
        const char *routes;  /* the file that the gateway gets; NULL: none from us */
        bool text;           /* lines are for people */
        bool faults, metrics;
        const char *note; /* a line that is said at the end of the start; NULL: none */
        struct up_daemon *daemons;
        size_t count;
};

/* Asks each program what it is (--describe), and fills `daemons` and `count`. */
bool up_plan_describe(struct up_plan *plan, struct error *error);

/* Does the daemon know the variable? name: "MALL_ROUTES", or "MALL_ROUTES=..." */
bool up_daemon_knows(const struct up_daemon *daemon, const char *name);

struct up_daemon *up_plan_gateway(const struct up_plan *plan);                 /* NULL: none */
struct up_daemon *up_plan_named(const struct up_plan *plan, const char *name); /* NULL: none */

/* What a program of the plan prints when it is called with one flag; NULL: it fails. */
const char *up_plan_ask(struct up_plan *plan, const struct up_daemon *daemon, const char *flag,
                        struct error *error);

#endif
