#include "gateway/proxy/worker.h"

void proxy_worker_open(struct proxy_worker *worker, struct loop *loop, struct snapshot *snapshot,
                       int retries, struct upstream_meters *meters)
{
        const struct client_settings *client = &snapshot->routes->client;
        struct upstreams_config upstreams = {
                .max_idle_ms = client->max_idle_ms,
                .max_life_ms = client->max_life_ms,
                .max_head = (size_t)client->max_header_bytes,
                .meters = meters,
        };

        worker->loop = loop;
        worker->snapshot = snapshot;
        worker->upstreams = upstreams_open(&upstreams, loop);
        worker->budget.least = retries;
        worker->random = prng_open_random();
}

void proxy_worker_close(struct proxy_worker *worker)
{
        upstreams_close(&worker->upstreams);
        snapshot_release(&worker->snapshot);
}

void proxy_worker_change_snapshot(struct proxy_worker *worker, struct snapshot *snapshot)
{
        snapshot_release(&worker->snapshot);
        worker->snapshot = snapshot;
}
