#include "gateway/upstream/upstream_meter.h"

#include "base/arena.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_UPSTREAMS = 100 };

enum { REQUESTS, SECONDS, RETRIES, CONNECTIONS };

const struct metric_family upstream_families[] = {
        [REQUESTS] = {"mall_upstream_requests_total",
                      "Tries at an upstream that have ended, by how",
                      METRIC_COUNTER,
                      {"upstream", "outcome"}},
        [SECONDS] = {"mall_upstream_seconds",
                     "Tries at an upstream, from their begin to the answer's head or to their "
                     "failure",
                     METRIC_HISTOGRAM,
                     {"upstream"}},
        [RETRIES] = {"mall_upstream_retries_total",
                     "Tries at an upstream after a request's first",
                     METRIC_COUNTER,
                     {"upstream"}},
        [CONNECTIONS] = {"mall_upstream_connections",
                         "Connections to an upstream, by what they do",
                         METRIC_GAUGE,
                         {"upstream", "state"}},
        {NULL},
};

struct upstream_meters {
        struct metrics *metrics;
        struct arena *arena; /* of the meters */
        pthread_mutex_t lock;
        struct upstream_meter *first;
        int count;
};

struct upstream_meters *upstream_meters_open(struct metrics *metrics)
{
        struct upstream_meters *m = memory_alloc(sizeof *m);

        m->metrics = metrics;
        m->arena = arena_open();
        pthread_mutex_init(&m->lock, NULL);
        return m;
}

void upstream_meters_close(struct upstream_meters **at)
{
        struct upstream_meters *m = *at;

        if (!m)
                return;
        *at = NULL;
        pthread_mutex_destroy(&m->lock);
        arena_close(&m->arena);
        free(m);
}

static struct metric *connections(struct metrics *metrics, const char *upstream, const char *state)
{
        return metrics_series(metrics, &upstream_families[CONNECTIONS],
                              (const char *[]){upstream, state});
}

static struct upstream_meter *meter_make(struct upstream_meters *m, const char *name)
{
        static const char *const outcomes[TRY_OUTCOMES] = {[TRY_OK] = "ok",
                                                           [TRY_CLIENT_ERROR] = "4xx",
                                                           [TRY_SERVER_ERROR] = "5xx",
                                                           [TRY_REFUSED] = "refused",
                                                           [TRY_TIMEOUT] = "timeout",
                                                           [TRY_BROKEN] = "broken",
                                                           [TRY_CANCELED] = "canceled"};
        struct upstream_meter *one = arena_alloc(m->arena, sizeof *one);
        const char *values[] = {name, NULL};

        one->name = arena_string(m->arena, name);
        for (int o = 0; o < TRY_OUTCOMES; o++) {
                values[1] = outcomes[o];
                one->tries[o] = metrics_series(m->metrics, &upstream_families[REQUESTS], values);
        }
        one->seconds = metrics_series(m->metrics, &upstream_families[SECONDS], values);
        one->retries = metrics_series(m->metrics, &upstream_families[RETRIES], values);
        one->idle = connections(m->metrics, name, "idle");
        one->busy = connections(m->metrics, name, "busy");
        one->connecting = connections(m->metrics, name, "connecting");
        one->next = m->first;
        m->count++;
        return m->first = one;
}

/* Under the lock. */
static struct upstream_meter *meter_find(const struct upstream_meters *m, const char *name)
{
        struct upstream_meter *one = m->first;

        while (one && strcmp(one->name, name) != 0)
                one = one->next;
        return one;
}

const struct upstream_meter *upstream_meter_of(struct upstream_meters *m, const char *host,
                                               int port)
{
        struct upstream_meter *one;
        char name[300];

        if (!m)
                return NULL;
        snprintf(name, sizeof name, strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port);
        pthread_mutex_lock(&m->lock);
        one = meter_find(m, name);
        if (!one && m->count >= MOST_UPSTREAMS) {
                snprintf(name, sizeof name, "other");
                one = meter_find(m, name);
        }
        if (!one)
                one = meter_make(m, name);
        pthread_mutex_unlock(&m->lock);
        return one;
}

void upstream_meter_note(const struct upstream_meter *meter, enum try_outcome outcome,
                         int64_t microseconds)
{
        metric_add(meter->tries[outcome], 1);
        if (microseconds >= 0)
                metric_observe(meter->seconds, microseconds);
}
