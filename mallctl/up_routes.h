/* up_routes - the gateway's built-in routes, where daemons are elsewhere than these say. */
#ifndef MALLCTL_UP_ROUTES_H
#define MALLCTL_UP_ROUTES_H

#include "mallctl/up_plan.h"

/* theirs: a person's own routes file, or NULL. Sets plan->routes if some daemon has moved and the
   built-in routes hold: it writes them into the data directory. *warning: what a person should know
   of that, or NULL. */
bool up_routes_write(struct up_plan *plan, const char *theirs, const char **warning,
                     struct error *error);

/* The routes of that text, to where the daemons are. */
const char *up_routes_moved(const struct up_plan *plan, const char *routes);

#endif
