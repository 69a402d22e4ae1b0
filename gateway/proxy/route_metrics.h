/* route_metrics - the histogram spring_cloud_gateway_requests_seconds{routeId,outcome,status}, with
   the reference's labels (outcome SUCCESSFUL, status OK). Any thread. */
#ifndef GATEWAY_PROXY_ROUTE_METRICS_H
#define GATEWAY_PROXY_ROUTE_METRICS_H

#include "base/metrics.h"
#include "gateway/routing/routes.h"

extern const struct metric_family route_families[];

struct route_metrics;

struct route_metrics *route_metrics_open(struct metrics *metrics,
                                         const struct routes *routes); /* metrics may be NULL */
void route_metrics_close(struct route_metrics **metrics_of_routes);
void route_metrics_note(struct route_metrics *metrics_of_routes, const struct route *route,
                        int status, int64_t microseconds);

#endif
