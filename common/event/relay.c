#include "event/relay_inside.h"

#include "base/clock.h"
#include "base/thread.h"
#include "event/messaging.h"

#include <stdlib.h>

enum { CLOSE_LEAST_MS = 500 }; /* for closing the bus, even if the time is over */

const struct metric_family relay_families[] = {
        [RELAY_PENDING] = {"mall_outbox_pending",
                           "Events committed and not yet acknowledged by the bus",
                           METRIC_GAUGE,
                           {NULL}},
        [RELAY_OLDEST] = {"mall_outbox_oldest_seconds",
                          "Age of the oldest unpublished event",
                          METRIC_GAUGE,
                          {NULL}},
        [RELAY_SET_ASIDE] = {"mall_outbox_set_aside",
                             "Events for topics other than the bus's own, of which one is missing "
                             "or not permitted",
                             METRIC_GAUGE,
                             {NULL}},
        [RELAY_PUBLISHED] = {"mall_events_published_total",
                             "Events acknowledged by the bus",
                             METRIC_COUNTER,
                             {"event_type"}},
        {NULL},
};

static void *relay_main(void *arg)
{
        struct relay *r = arg;

        if (r->shared)
                relay_from_parts(r);
        else
                relay_from_memory(r);
        relay_give_up(r);
        return NULL;
}

static void refresh(void *arg)
{
        struct relay *r = arg;
        int64_t oldest = atomic_load(&r->oldest_at);

        metric_set(metrics_series(r->metrics, &relay_families[RELAY_PENDING], NULL),
                   (double)outbox_pending(r->store));
        metric_set(metrics_series(r->metrics, &relay_families[RELAY_OLDEST], NULL),
                   oldest ? (double)(clock_wall_ms() - oldest) / 1000 : 0);
        metric_set(metrics_series(r->metrics, &relay_families[RELAY_SET_ASIDE], NULL),
                   atomic_load(&r->set_aside) ? (double)outbox_pending_elsewhere(r->store) : 0);
}

struct relay *relay_open(const struct relay_config *config, struct error *error)
{
        struct relay *r = memory_alloc(sizeof *r);

        r->store = config->store;
        r->metrics = config->metrics;
        r->shared = store_is_shared(r->store);
        r->system = messaging_system(config->bus.url);
        r->bus = bus_open_publisher(&config->bus, error);
        if (!r->bus) {
                free(r);
                return NULL;
        }
        r->topic = memory_string(messaging_topic(config->bus.url));
        relay_flights_open(r);
        relay_faults_open(r, config);
        pthread_mutex_init(&r->lock, NULL);
        pthread_cond_init(&r->work, NULL);
        outbox_on_commit(r->store, r->shared ? relay_told : relay_committed, r);
        if (r->metrics)
                metrics_on_scrape(r->metrics, refresh, r);
        r->thread = thread_start("relay", relay_main, r);
        return r;
}

void relay_close(struct relay **at, int wait_ms)
{
        struct relay *r = *at;
        int64_t end = clock_mono_us() + (int64_t)wait_ms * 1000, left;

        if (!r)
                return;
        *at = NULL;
        pthread_mutex_lock(&r->lock);
        r->closing = true;
        r->give_up = end;
        pthread_cond_signal(&r->work);
        pthread_mutex_unlock(&r->lock);
        bus_wake(r->bus);
        pthread_join(r->thread, NULL);
        outbox_on_commit(r->store, NULL, NULL);
        left = (end - clock_mono_us()) / 1000;
        bus_close(&r->bus, left > CLOSE_LEAST_MS ? (int)left : CLOSE_LEAST_MS);
        outbox_batches_free(r->first);
        relay_flights_close(r);
        relay_faults_close(r);
        free(r->topic);
        pthread_mutex_destroy(&r->lock);
        pthread_cond_destroy(&r->work);
        free(r);
}
