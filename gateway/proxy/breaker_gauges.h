/* breaker_gauges - the gauges mall_breaker_state{name,state} of the routes' circuit breakers, as
   the services show theirs. A breaker is open until a request asks it after its wait. At most 100
   of them are shown; the log says once that there are more. */
#ifndef GATEWAY_PROXY_BREAKER_GAUGES_H
#define GATEWAY_PROXY_BREAKER_GAUGES_H

#include "base/metrics.h"
#include "gateway/routing/routes.h"

struct breaker_gauges;

struct breaker_gauges *breaker_gauges_open(struct metrics *metrics);
void breaker_gauges_close(struct breaker_gauges **gauges); /* does nothing if NULL */
/* Shows those of the routes, and no others. One thread at a time. */
void breaker_gauges_set(struct breaker_gauges *gauges, const struct routes *routes);

#endif
