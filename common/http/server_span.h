/* server_span - the span of a request that we answer, from its head to the last byte of the answer.

   Source: OpenTelemetry, semantic conventions for HTTP, "HTTP server". Private to the server. */
#ifndef HTTP_SERVER_SPAN_H
#define HTTP_SERVER_SPAN_H

struct exchange;

/* When the trace, the peer and the client are known. Sets exchange->span, where one is recorded. */
void server_span_begin(struct exchange *exchange);
/* When the answer's status is known; without it where the request is `untraced`. Takes nothing from
   the request's arena, which may be another thread's by then. */
void server_span_end(struct exchange *exchange);

#endif
