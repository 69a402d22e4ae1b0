#include "audit/standing_gauges.h"

#include "base/clock.h"

#include <math.h>

enum { LAPSE_MS = 10 * 60 * 1000 };

enum { BALANCED, CHECKED };

const struct metric_family standing_families[] = {
        [BALANCED] = {"mall_books_balanced",
                      "1 where the last verdict is that the books balance, 0 where they do not; "
                      "NaN where there is none, or the last audit could not be made; with "
                      "MALL_BOOKS_EVERY=0 also 10 minutes after the last verdict",
                      METRIC_GAUGE,
                      {NULL}},
        [CHECKED] = {"mall_books_checked_timestamp_seconds",
                     "When the last audit came to a verdict, since 1970; NaN before the first, and "
                     "with MALL_BOOKS_EVERY=0 also 10 minutes after the last",
                     METRIC_GAUGE,
                     {NULL}},
        {NULL},
};

static void forget(struct standing_gauges *g)
{
        metric_set(g->balanced, NAN);
        metric_set(g->checked, NAN);
        g->verdict_ms = 0;
}

/* An alert would stay for ever, were nobody to look again. */
static void refresh(void *arg)
{
        struct standing_gauges *g = arg;

        pthread_mutex_lock(&g->lock);
        if (g->verdict_ms && clock_wall_ms() - g->verdict_ms > LAPSE_MS)
                forget(g);
        pthread_mutex_unlock(&g->lock);
}

void standing_gauges_open(struct standing_gauges *g, struct metrics *metrics, bool lapses)
{
        pthread_mutex_init(&g->lock, NULL);
        g->balanced = metrics_series(metrics, &standing_families[BALANCED], NULL);
        g->checked = metrics_series(metrics, &standing_families[CHECKED], NULL);
        forget(g);
        if (lapses)
                metrics_on_scrape(metrics, refresh, g);
}

/* While they settle, the last verdict stays: events under way are no news of the books. */
void standing_gauges_note(struct standing_gauges *g, enum standing_state state)
{
        bool is_verdict = state == STANDING_BALANCED || state == STANDING_UNBALANCED;

        pthread_mutex_lock(&g->lock);
        if (is_verdict) {
                g->verdict_ms = clock_wall_ms();
                metric_set(g->checked, (double)g->verdict_ms / 1000);
        }
        if (state != STANDING_SETTLING)
                metric_set(g->balanced, is_verdict ? state == STANDING_BALANCED : NAN);
        pthread_mutex_unlock(&g->lock);
}
