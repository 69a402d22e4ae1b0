/* metrics_process - process_*: processor time, memory, descriptors, threads and start of this
   process. */
#ifndef BASE_METRICS_PROCESS_H
#define BASE_METRICS_PROCESS_H

#include "base/metrics.h"

extern const struct metric_family process_families[];

/* Adds them; each scrape reads them anew. */
void metrics_process_add(struct metrics *metrics);

#endif
