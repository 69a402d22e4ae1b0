/* metrics_exemplar - of each bucket of a histogram the last observation that belongs to a recorded
   trace. Private to metrics.

   Source: OpenMetrics 1.0, "Exemplars". */
#ifndef BASE_METRICS_EXEMPLAR_H
#define BASE_METRICS_EXEMPLAR_H

#include "base/metrics_inside.h"

/* One a series, made when the first one comes; those of threads that meet give way. */
void metric_exemplar_set(struct metric *series, int bucket, int64_t microseconds, const char *trace,
                         const char *span);
/* " # {trace_id=...} value timestamp", or nothing. */
void metric_exemplar_write(const struct metric *series, int bucket, struct text *out);

#endif
