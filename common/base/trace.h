/* trace - the W3C Trace Context header `traceparent`: taken over when it is well-formed, else begun
   here. */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include <stdbool.h>

enum { TRACE_ID = 33, TRACEPARENT = 56 }; /* with their NUL */

struct trace {
        char id[TRACE_ID];
        char parent[TRACEPARENT]; /* for the next hop: the same trace, a span of our own */
};

/* A version above 00 may have more after the first 55 characters, of any length; those are as in
   00. */
bool trace_is_well_formed(const char *received);
/* received may be NULL */
void trace_continue(struct trace *trace, const char *received);

#endif
