/* trace - the W3C Trace Context header `traceparent`: taken over when it is well-formed, else begun
   here; and the ids of the spans in it.

   Every step of a request has a struct trace of its own: trace_continue with the traceparent of the
   step before. Its `parent` is what the step hands on, and holds the step's own span id. Plain
   data, of whoever has it; every call may come from any thread. Source: W3C Trace Context. */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include <stdbool.h>

/* with their NUL */
enum { TRACE_ID = 33, TRACEPARENT = 56, SPAN_ID = 17 };

struct trace {
        char id[TRACE_ID];        /* 32 hex digits */
        char parent[TRACEPARENT]; /* for the next step: the same trace, a span of our own */
        char span[SPAN_ID];       /* that span's id, 16 hex digits */
        char above[SPAN_ID];      /* the span that led to ours; "": the trace begins here */
};

/* A version above 00 may have more after the first 55 characters, of any length; those are as in
   00. */
bool trace_is_well_formed(const char *received);
/* received may be NULL. Where tracing is on (base/span.h), the sampler decides the flag `sampled`;
   else it stays as received, and is set in a trace that begins here. */
void trace_continue(struct trace *trace, const char *received);
/* A step that was begun earlier, perhaps by another process: `own` is its traceparent, well-formed,
   and `above` as in struct trace (NULL: ""). Makes no id and decides nothing. */
void trace_restore(struct trace *trace, const char *own, const char *above);
/* Whether a well-formed traceparent has the flag `sampled`. */
bool trace_is_sampled(const char *traceparent);

#endif
