#include "base/metrics_exemplar.h"

#include "base/clock.h"
#include "base/trace.h"

#include <stdlib.h>
#include <string.h>

struct metric_exemplar {
        atomic_flag busy;
        int64_t us, wall_ms; /* 0: there is none */
        char trace[TRACE_ID], span[SPAN_ID];
};

static struct metric_exemplar *exemplars_of(struct metric *s)
{
        struct metric_exemplar *all = atomic_load_explicit(&s->exemplars, memory_order_acquire),
                               *mine;

        if (all)
                return all;
        mine = memory_alloc(METRIC_BUCKETS * sizeof *mine);
        if (atomic_compare_exchange_strong(&s->exemplars, &all, mine))
                return mine;
        free(mine);
        return all;
}

void metric_exemplar_set(struct metric *s, int bucket, int64_t us, const char *trace,
                         const char *span)
{
        struct metric_exemplar *e = &exemplars_of(s)[bucket];

        if (atomic_flag_test_and_set_explicit(&e->busy, memory_order_acquire))
                return; /* another one is as good */
        e->us = us;
        e->wall_ms = clock_wall_ms();
        memcpy(e->trace, trace, TRACE_ID);
        memcpy(e->span, span, SPAN_ID);
        atomic_flag_clear_explicit(&e->busy, memory_order_release);
}

void metric_exemplar_write(const struct metric *s, int bucket, struct text *out)
{
        struct metric_exemplar *all = atomic_load_explicit(&s->exemplars, memory_order_acquire),
                               *e = all ? &all[bucket] : NULL;

        if (!e || atomic_flag_test_and_set_explicit(&e->busy, memory_order_acquire))
                return;
        if (e->wall_ms) {
                text_printf(out, " # {trace_id=\"%s\",span_id=\"%s\"} ", e->trace, e->span);
                metric_number_write(out, (double)e->us / 1e6);
                text_printf(out, " %lld.%03d", (long long)(e->wall_ms / 1000),
                            (int)(e->wall_ms % 1000));
        }
        atomic_flag_clear_explicit(&e->busy, memory_order_release);
}
