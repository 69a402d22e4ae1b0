/* upstream - requests to the servers behind the gateway, as one worker's thread sends them: over
   connections that were kept, or over new ones (dial.h).

   upstream_start sends a request once, over one connection. Whether to send it again is for the
   caller to decide, by `outcome`, `reached` and `begun`. Requests and answers are HTTP/1.1 (RFC
   9112); answers are read strictly (response_parser.h).

   Threads: all of this belongs to the loop's thread. done() and ready() are called by the loop
   only, never from within a function of this header, and each is the last thing that is done with
   the request: they may call any of these functions, upstream_cancel and upstream_start too.

   Ownership: the request and all that it points to is the caller's, and stays where it is until
   upstream_cancel. The answer lies in the request's arena. */
#ifndef GATEWAY_UPSTREAM_UPSTREAM_H
#define GATEWAY_UPSTREAM_UPSTREAM_H

#include "base/arena.h"
#include "http/headers.h"
#include "http/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct upstreams;
struct upstream_attempt;
struct upstream_meters;

enum upstream_outcome {
        UPSTREAM_ANSWERED,
        UPSTREAM_REFUSED, /* no connection could be made, so nothing was sent: 503 */
        UPSTREAM_SLOW,    /* the request was sent, and the answer did not come in time: 504 */
        UPSTREAM_BROKEN,  /* the connection was reset or closed too early, or the answer is no HTTP:
                             502 */
};

/* Of upstream_read; above 0 it is a number of bytes. */
enum { UPSTREAM_READ_LATER = 0, UPSTREAM_READ_END = -1, UPSTREAM_READ_BROKEN = -2 };

struct upstream_request {
        /* The caller gives: */
        struct arena *arena; /* the request's */
        const char *host;    /* "order", "127.0.0.1", "::1" */
        int port;
        const char *authority; /* for Host: "order:8080" */
        const char *method;
        const char *target; /* path and query, as they are sent */
        const struct http_header *headers;
        size_t header_count;
        const char *body; /* all of it, or its beginning */
        size_t body_len;
        int64_t body_total; /* with `more`: the whole body's length; -1: unknown, sent in chunks */
        bool more;          /* `body` is the beginning only: upstream_write brings the rest */
        bool careful;       /* before a kept connection is used, look whether it is closed */
        int connect_ms;     /* until connected; 0: 300 s */
        int response_ms;    /* until the head, and between pieces of the body; 0: for ever */

        /* Once for each upstream_start that is not cancelled before: the answer's head came, with a
           short body if that came quickly; or the request failed. A write that waited may go on. */
        void (*done)(struct upstream_request *request);
        /* An upstream_read or upstream_write that had to wait may go on, or both. */
        void (*ready)(struct upstream_request *request);
        void *arg;

        /* The caller gets: */
        enum upstream_outcome outcome;
        const char *reason; /* of a failure, for people */
        bool reached;       /* the upstream may have seen some of the request */
        bool begun;         /* some bytes of an answer came */
        int status;
        struct http_header *answer; /* its fields, without hop-by-hop ones and Content-Length */
        size_t answer_count;
        int64_t answer_total; /* Content-Length, also of an answer to HEAD; -1: there was none */
        bool has_body;
        const char *whole; /* the body, if it came with the head; NULL: upstream_read brings it */
        size_t whole_len;
        struct http_header *trailers; /* at UPSTREAM_READ_END */
        size_t trailer_count;

        struct upstream_attempt *attempt; /* upstream.c's own; NULL at first */
};

struct upstreams_config {
        int max_idle_ms;                /* of a kept connection; 0: 20 s */
        int max_life_ms;                /* of any connection, give or take a fifth; 0: 60 s */
        int max_idle_connections;       /* kept to one host and port; 0: 1,000 */
        size_t max_head;                /* bytes of an answer's; 0: 32 KiB, which is the most */
        struct upstream_meters *meters; /* count the connections; NULL: nothing does */
};

struct upstreams *upstreams_open(const struct upstreams_config *config, struct loop *loop);
/* Requests under way are broken off, and nobody is called. No connection may be in the making. */
void upstreams_close(struct upstreams **upstreams);

/* Cancels an earlier attempt at the same request, if there is one. */
void upstream_start(struct upstreams *upstreams, struct upstream_request *request);
/* Of a request with `more`: how many bytes were taken, perhaps not all; none: wait for ready() or
   done(). len 0: that was all, which is remembered when the request is started again. */
size_t upstream_write(struct upstream_request *request, const char *data, size_t len);
/* At most `room` bytes of the body, or one of UPSTREAM_READ_*. After the attempt's end it is
   UPSTREAM_READ_BROKEN if there is a reason, which a caller that cancelled may give, else
   UPSTREAM_READ_END. */
long upstream_read(struct upstream_request *request, char *to, size_t room);
/* Breaks the attempt off if it is under way; nobody is called for it any more. Also to be called
   after its end, when its answer is no longer used. Harmless before upstream_start. */
void upstream_cancel(struct upstream_request *request);

#endif
