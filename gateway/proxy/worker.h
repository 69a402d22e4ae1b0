/* worker - what one worker's thread keeps for the requests it serves. Only that thread touches
   it. */
#ifndef GATEWAY_PROXY_WORKER_H
#define GATEWAY_PROXY_WORKER_H

#include "base/random.h"
#include "gateway/proxy/retry_budget.h"
#include "gateway/proxy/snapshot.h"
#include "gateway/upstream/upstream.h"
#include "http/loop.h"

#include <sys/queue.h>

enum { KEY_STOCK = 16 }; /* what random_bytes gives at once */

struct faults;
struct upstream_meters;

struct proxy_worker {
        struct loop *loop;
        struct upstreams *upstreams;
        struct snapshot *snapshot; /* for requests that begin now; older ones hold their own */
        struct faults *faults;     /* NULL: nothing fails on purpose */
        struct retry_budget budget;
        LIST_HEAD(proxy_requests, proxy_request) requests; /* those that were sent */
        bool stopping;                                     /* requests that begin now are refused */
        bool ends_streams;                                 /* of events, which would never end */
        struct prng random;
        unsigned char keys[KEY_STOCK][16]; /* random bytes for Idempotency-Keys */
        int keys_left;
};

/* Takes the snapshot over. retries: see retry_budget.least. meters: NULL: connections are not
   counted. */
void proxy_worker_open(struct proxy_worker *worker, struct loop *loop, struct snapshot *snapshot,
                       int retries, struct upstream_meters *meters);
void proxy_worker_close(struct proxy_worker *worker);
/* For requests that begin from now on. Takes the snapshot over. */
void proxy_worker_change_snapshot(struct proxy_worker *worker, struct snapshot *snapshot);

#endif
