/* observe - spring_cloud_gateway_requests_seconds{routeId,outcome,status}, labelled as the reference does
   (outcome SUCCESSFUL, status OK). Any thread. */
#ifndef GATEWAY_OBSERVE_H
#define GATEWAY_OBSERVE_H

#include "base/metrics.h"
#include "gateway/routes.h"

struct observer;

struct observer *observer_open(struct metrics *metrics, const struct routes *routes); /* metrics may be NULL */
void observer_close(struct observer **observer);
void observer_note(struct observer *observer, const struct route *route, int status, int64_t microseconds);

#endif
