/* trace_sampler - which traces are recorded: OpenTelemetry's samplers.

   One a process. Set before other threads begin traces, and when they no longer do; asking is one
   relaxed atomic load where tracing is off. Source: OpenTelemetry, Tracing SDK, "Built-in
   samplers". */
#ifndef BASE_TRACE_SAMPLER_H
#define BASE_TRACE_SAMPLER_H

#include <stdbool.h>

enum trace_sampler {
        TRACE_OFF, /* nothing is recorded; the flags of a trace pass as they came */
        TRACE_ALWAYS_ON,
        TRACE_ALWAYS_OFF,
        TRACE_RATIO,
        /* A trace that somebody else began is recorded if its flags say so; ours as above. */
        TRACE_PARENT_ALWAYS_ON,
        TRACE_PARENT_ALWAYS_OFF,
        TRACE_PARENT_RATIO,
};

/* ratio: 0..1, of the traces that TRACE_RATIO and TRACE_PARENT_RATIO record. The same trace is
   recorded by all who use the same ratio, or a higher one. */
void trace_sampler_set(enum trace_sampler sampler, double ratio);

bool trace_sampler_is_on(void);

/* Whether a trace with that id, 32 hex digits, is recorded. */
bool trace_sampler_takes(const char *id, bool has_parent, bool parent_is_sampled);

#endif
