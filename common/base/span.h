/* span - what a process did for a trace, and when: OpenTelemetry's span. Finished ones wait in
   a bounded queue (span_queue.h) for the exporter (service/otlp.h).

   A span is begun with the struct trace of its step, which has its ids:

       struct trace trace;
       struct span *span;

       trace_continue(&trace, received);              the step before; hand on trace.parent
       span = span_begin(arena, &trace, SPAN_CONSUMER, "process mall", 0);
       span_text(span, "messaging.system", "kafka");
       ...
       span_end(span, 0);

   Times are Unix nanoseconds. Where tracing is off (one relaxed atomic load), or the trace is not
   sampled, span_begin gives NULL; every call takes NULL and does nothing.

   Ownership: a span lies in the arena of its begin, and ends with it: one that is never ended is
   never exported. Keys are literals. Names and texts must live until span_end, which copies them
   (a text is cut after SPAN_TEXT bytes, at the end of a character). A span that fails has an
   attribute error.type and span_fail.

   Threads: a span belongs to one thread at a time; spans may end on any thread. Errors: none. A
   span that does not fit into the queue is dropped and counted (mall_spans_dropped_total).

   Sources: OpenTelemetry, Tracing API and SDK (span, limits, batching processor), semantic
   conventions for names and attributes; W3C Trace Context for the ids. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include "base/arena.h"
#include "base/trace.h"

#include <stdint.h>

/* OTLP's numbers */
enum span_kind {
        SPAN_INTERNAL = 1,
        SPAN_SERVER,   /* answers a request */
        SPAN_CLIENT,   /* makes one */
        SPAN_PRODUCER, /* publishes a message */
        SPAN_CONSUMER  /* processes one */
};

enum span_status { SPAN_UNSET, SPAN_OK, SPAN_ERROR };

enum { SPAN_TEXT = 1024, SPAN_ATTRIBUTES = 32 };

struct span;

/* Whether anything is recorded at all. */
bool span_is_on(void);

/* start_ns 0: now. NULL where nothing is to be recorded. */
struct span *span_begin(struct arena *arena, const struct trace *trace, enum span_kind kind,
                        const char *name, int64_t start_ns);
void span_name(struct span *span, const char *name); /* in place of the one it began with */
/* An attribute. A text of NULL is left out; so is what comes after SPAN_ATTRIBUTES of them. */
void span_text(struct span *span, const char *key, const char *text);
void span_number(struct span *span, const char *key, int64_t number);
void span_bool(struct span *span, const char *key, bool is);
/* Status ERROR; why: for people, may be NULL. */
void span_fail(struct span *span, const char *why);
/* Puts it into the queue; it must not be touched afterwards. end_ns 0: now. */
void span_end(struct span *span, int64_t end_ns);

#endif
