/* otlp_settings - what the OTEL_ settings ask for, read as OpenTelemetry says: a wrong value is a
   warning, and the default holds. No warning shows the value of a header.

   Sources: OpenTelemetry, "Environment Variable Specification" and "OTLP Exporter
   Configuration". */
#ifndef SERVICE_OTLP_SETTINGS_H
#define SERVICE_OTLP_SETTINGS_H

#include "base/config.h"
#include "base/trace_sampler.h"

struct otlp_pair {
        const char *key, *value;
};

/* All in the arena. A list of pairs ends with a NULL key. */
struct otlp_settings {
        const char *url; /* NULL: tracing is off */
        const struct otlp_pair *headers;
        const struct otlp_pair *resource;
        int timeout_ms;
        bool gzip;
        enum trace_sampler sampler;
        double ratio;
        int delay_ms, queue_most, batch_most, export_ms;
        int backoff_ms;              /* the first; no setting, tests make it short */
        const char *const *warnings; /* ends with NULL */
};

/* daemon: its name, where nothing else gives service.name. pod: likewise for service.instance.id,
   so that a span says the same of its process as X-Served-By and ce_pod do. */
struct otlp_settings otlp_settings_read(const struct config *config, const char *daemon,
                                        const char *pod, struct arena *arena);

#endif
