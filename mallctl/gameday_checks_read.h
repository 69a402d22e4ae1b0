/* gameday_checks_read - one of a game day's checks from its YAML. Private to gameday_read. */
#ifndef MALLCTL_GAMEDAY_CHECKS_READ_H
#define MALLCTL_GAMEDAY_CHECKS_READ_H

#include "base/yaml.h"
#include "mallctl/gameday.h"

/* {audit: balanced}, {orders: none lost}, {service: order, readiness: UP},
   {service: product, metric: mall_events_dead_total, labels: {reason: x}, grew: true} */
bool gameday_check_read(struct arena *arena, const struct yaml *at, struct gameday_check *check,
                        struct error *error);

#endif
