/* try_span - the span of each try of a request: one request to an upstream, which gets the try's
   own traceparent. Where no span is recorded, all tries pass on the request's.

   Source: OpenTelemetry, semantic conventions for HTTP, "HTTP client". */
#ifndef GATEWAY_PROXY_TRY_SPAN_H
#define GATEWAY_PROXY_TRY_SPAN_H

struct proxy_request;

/* Before a try: puts its traceparent into the fields for the upstream. */
void try_span_begin(struct proxy_request *p);
/* The upstream has answered, or has failed. */
void try_span_end(struct proxy_request *p);
/* The try is broken off, if one is under way. */
void try_span_cancel(struct proxy_request *p);

#endif
