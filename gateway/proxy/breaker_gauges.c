#include "gateway/proxy/breaker_gauges.h"

#include "base/breaker.h"
#include "base/log.h"

#include <stdlib.h>

enum { STATES = BREAKER_HALF_OPEN + 1, MOST_SHOWN = 100 };

struct breaker_gauges {
        struct metrics *metrics;
        bool said; /* that some are not shown */
        struct metric_sample samples[MOST_SHOWN * STATES];
};

struct breaker_gauges *breaker_gauges_open(struct metrics *metrics)
{
        struct breaker_gauges *g = memory_alloc(sizeof *g);

        g->metrics = metrics;
        return g;
}

void breaker_gauges_close(struct breaker_gauges **at)
{
        free(*at);
        *at = NULL;
}

static void say_too_many(struct breaker_gauges *g, const char *name)
{
        if (!g->said)
                log_write(LOG_WARN,
                          "the routes have more circuit breakers than the metrics show; said once",
                          "mall.breaker", name, NULL);
        g->said = true;
}

void breaker_gauges_set(struct breaker_gauges *g, const struct routes *routes)
{
        static const char *const states[STATES] = {[BREAKER_CLOSED] = "closed",
                                                   [BREAKER_OPEN] = "open",
                                                   [BREAKER_HALF_OPEN] = "half_open"};
        const struct shared_breaker *b = routes->breakers;
        size_t count = 0;

        for (; b && count < MOST_SHOWN * STATES; b = b->next) {
                int state = (int)breaker_state(b->state);

                for (int s = 0; s < STATES; s++)
                        g->samples[count++] = (struct metric_sample){.values = {b->name, states[s]},
                                                                     .value = s == state};
        }
        if (b)
                say_too_many(g, b->name);
        metrics_replace(g->metrics, breaker_families, g->samples, count);
}
