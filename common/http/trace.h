/* trace - the W3C Trace Context header `traceparent`: taken over when it is well-formed, else begun here. */
#ifndef HTTP_TRACE_H
#define HTTP_TRACE_H

enum { TRACE_ID = 33, TRACEPARENT = 56 }; /* with their NUL */

struct trace {
        char id[TRACE_ID];
        char parent[TRACEPARENT]; /* for the next hop: the same trace, a span of our own */
};

/* received may be NULL */
void trace_continue(struct trace *trace, const char *received);

#endif
