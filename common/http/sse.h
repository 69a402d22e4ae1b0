/* sse - Server-Sent Events (WHATWG HTML, 9.2): streams that stay open and are woken together.

   What a stream sends is asked for when there is something new and its client has taken what came
   before: a slow client costs the memory of one piece, and its handler decides what it misses.
   Streams are woken at most once in `pace_ms`, however often sse_wake is called, and once a second.
   A stream that had nothing to send for `beat_ms` sends the event `beat`, so that no proxy between
   ends it. A comment would do for that, but a page does not see comments: it could not tell a mall
   that rests from a daemon that hangs.

   Threads: handlers of a server whose http_handler has sse_streams(). All about one stream happens
   on its worker's thread; sse_wake, sse_end and sse_count may be called from any. */
#ifndef HTTP_SSE_H
#define HTTP_SSE_H

#include "http/server.h"

#include <sys/queue.h>

struct sse;

/* The first member of the handler's own struct, which memory_alloc made. */
struct sse_stream {
        struct http_request *request;
        struct sse *sse;
        LIST_ENTRY(sse_stream) beside;
        char *rest; /* of the last piece; what is left of it */
        size_t rest_at, rest_len;
        int64_t sent_us; /* when it last sent something */
        bool gone;
};

struct sse_config {
        int most; /* more streams get 503 */
        int pace_ms, beat_ms;
        /* Adds what the stream sends next; nothing: it waits to be woken. It is asked again as soon
           as that is sent. */
        void (*fill)(struct sse_stream *stream, struct text *out);
        /* The stream ended; it is freed afterwards. */
        void (*left)(struct sse_stream *stream);
};

struct sse *sse_open(const struct sse_config *config);
void sse_close(struct sse **sse); /* after the server */

/* For the http_handler; `whole` is the largest body that its requests may have. A handler that
   answers other requests later too has functions of its own, which pass on what is for a stream. */
struct http_streams sse_streams(struct sse *sse, size_t whole);

/* Takes the request over as a stream, and returns what the handler returns. Refused (503 if there
   are too many or the end has come), the stream has `left` at once. */
enum http_result sse_begin(struct sse *sse, struct http_request *request,
                           struct sse_stream *stream);
/* http_handler.finish for its requests */
void sse_finish(struct http_request *request);

void sse_wake(struct sse *sse);
/* All streams end at once, and none begins any more. */
void sse_end(struct sse *sse);
int sse_count(struct sse *sse);

/* A frame: type (NULL: "message") and data, in which a line may end; with an empty line after it.
 */
void sse_frame(struct text *out, const char *type, const char *data, size_t len);

#endif
