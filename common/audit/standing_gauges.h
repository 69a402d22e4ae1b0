/* standing_gauges - how the books stand (standing.h), as metrics. Any threads. */
#ifndef AUDIT_STANDING_GAUGES_H
#define AUDIT_STANDING_GAUGES_H

#include "audit/standing.h"
#include "base/metrics.h"

#include <pthread.h>

extern const struct metric_family standing_families[]; /* the last one has no name */

/* As long as the metrics. */
struct standing_gauges {
        pthread_mutex_t lock;
        struct metric *balanced, *checked;
        int64_t verdict_ms; /* when the last verdict came; 0: there is none */
};

/* lapses: nobody audits regularly, so a verdict is forgotten after 10 minutes. */
void standing_gauges_open(struct standing_gauges *gauges, struct metrics *metrics, bool lapses);
void standing_gauges_note(struct standing_gauges *gauges, enum standing_state state);

#endif
