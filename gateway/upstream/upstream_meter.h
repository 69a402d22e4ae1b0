/* upstream_meter - what is counted about each upstream, of all workers together: the tries at it,
   how long they took, and its connections.

   mall_upstream_requests_total{upstream,outcome}, mall_upstream_seconds{upstream},
   mall_upstream_retries_total{upstream}, mall_upstream_connections{upstream,state}. `upstream` is
   the host and port of the routes' uri, never a pod's address; after the first 100 of them (routes
   files that were loaded one after the other may name more) it is "other". */
#ifndef GATEWAY_UPSTREAM_UPSTREAM_METER_H
#define GATEWAY_UPSTREAM_UPSTREAM_METER_H

#include "base/metrics.h"

/* How a try ended. */
enum try_outcome {
        TRY_OK,           /* an answer below 400 */
        TRY_CLIENT_ERROR, /* an answer 4xx */
        TRY_SERVER_ERROR, /* an answer from 500 on */
        TRY_REFUSED,      /* no connection, so that nothing was sent */
        TRY_TIMEOUT,      /* no answer in time */
        TRY_BROKEN,       /* the connection broke, or the answer is no HTTP */
        TRY_CANCELED,     /* nobody waits for its answer any more */
        TRY_OUTCOMES
};

/* The series of one upstream. Any thread. */
struct upstream_meter {
        struct upstream_meter *next;
        const char *name; /* "order:8080" */
        struct metric *tries[TRY_OUTCOMES], *seconds, *retries;
        struct metric *idle, *busy, *connecting; /* connections */
};

extern const struct metric_family upstream_families[]; /* the last one has no name */

struct upstream_meters;

struct upstream_meters *upstream_meters_open(struct metrics *metrics);
void upstream_meters_close(struct upstream_meters **meters); /* does nothing if NULL */

/* Lives as long as `meters`. NULL: meters is NULL. Any thread. */
const struct upstream_meter *upstream_meter_of(struct upstream_meters *meters, const char *host,
                                               int port);

/* The try's end; microseconds: since its begin, below 0: not known. */
void upstream_meter_note(const struct upstream_meter *meter, enum try_outcome outcome,
                         int64_t microseconds);

#endif
