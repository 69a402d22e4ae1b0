#include "gateway/proxy/breaker_gauges.h"

#include "base/breaker.h"

#include <stdlib.h>
#include <string.h>

enum { STATES = BREAKER_HALF_OPEN + 1, MOST_NAMES = 100 };

struct breaker_gauge {
        const char *name;
        struct metric *states[STATES];
};

struct breaker_gauges {
        struct metrics *metrics;
        struct arena *arena; /* of the names */
        int count;
        struct breaker_gauge at[MOST_NAMES];
};

struct breaker_gauges *breaker_gauges_open(struct metrics *metrics)
{
        struct breaker_gauges *g = memory_alloc(sizeof *g);

        g->metrics = metrics;
        g->arena = arena_open();
        return g;
}

void breaker_gauges_close(struct breaker_gauges **at)
{
        struct breaker_gauges *g = *at;

        if (!g)
                return;
        *at = NULL;
        arena_close(&g->arena);
        free(g);
}

/* NULL: there are too many. */
static const struct breaker_gauge *gauge_of(struct breaker_gauges *g, const char *name)
{
        static const char *const states[STATES] = {[BREAKER_CLOSED] = "closed",
                                                   [BREAKER_OPEN] = "open",
                                                   [BREAKER_HALF_OPEN] = "half_open"};
        struct breaker_gauge *one = g->at;

        while (one < g->at + g->count && strcmp(one->name, name) != 0)
                one++;
        if (one < g->at + g->count)
                return one;
        if (g->count == MOST_NAMES)
                return NULL;
        g->count++;
        one->name = arena_string(g->arena, name);
        for (int s = 0; s < STATES; s++)
                one->states[s] = metrics_series(g->metrics, breaker_families,
                                                (const char *[]){name, states[s]});
        return one;
}

/* state: below 0: none */
static void set(const struct breaker_gauge *one, int state)
{
        for (int s = 0; s < STATES; s++)
                metric_set(one->states[s], s == state);
}

static bool has_breaker(const struct routes *routes, const char *name)
{
        const struct shared_breaker *b = routes->breakers;

        while (b && strcmp(b->name, name) != 0)
                b = b->next;
        return b != NULL;
}

void breaker_gauges_set(struct breaker_gauges *g, const struct routes *routes)
{
        for (const struct shared_breaker *b = routes->breakers; b; b = b->next) {
                const struct breaker_gauge *one = gauge_of(g, b->name);

                if (one)
                        set(one, (int)breaker_state(b->state));
        }
        for (int i = 0; i < g->count; i++)
                if (!has_breaker(routes, g->at[i].name))
                        set(&g->at[i], -1);
}
