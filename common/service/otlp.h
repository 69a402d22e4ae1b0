/* otlp - the exporter of traces: one thread that takes finished spans from base/span_queue.h and
   sends them in batches to a collector, by OTLP over HTTP in JSON.

   No request waits for it. A collector that is slow, refuses or is away costs spans, at most: a
   batch is tried again with growing waits (or as Retry-After says) for OTEL_BSP_EXPORT_TIMEOUT,
   while newer spans wait in the queue, which is bounded; what is lost is counted by
   mall_spans_dropped_total. The log says once that exporting fails, and once that it works again.

   Source: OpenTelemetry, Tracing SDK (batching processor); OTLP 1.x, "OTLP/HTTP Response". */
#ifndef SERVICE_OTLP_H
#define SERVICE_OTLP_H

#include "base/metrics.h"
#include "service/otlp_settings.h"

extern const struct metric_family otlp_families[];

struct otlp;

/* Turns tracing on: sets the sampler, opens the queue, starts the thread. NULL where the settings
   ask for no traces. settings must live until otlp_close, metrics too. */
struct otlp *otlp_open(const struct otlp_settings *settings, struct metrics *metrics);

/* Turns tracing off, and waits at most wait_ms until what was recorded is sent: each batch is tried
   once. Other threads may still end spans, which are forgotten. */
void otlp_close(struct otlp **otlp, int wait_ms);

#endif
