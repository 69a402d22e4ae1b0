/* upstream - the servers behind the gateway, as one worker's thread sees them: connections that are
   kept, connections being made, addresses to avoid.

   An request is one request on one connection, and it is never sent twice by itself: whether to try
   again is the caller's to decide, by the outcome and by `reached`. Connections are made by libcurl
   (names, several addresses, time limit), what goes over them is HTTP/1.1 of our own (RFC 9112),
   read strictly by parser.h. Everything here belongs to the loop's thread. */
#ifndef GATEWAY_UPSTREAM_UPSTREAM_H
#define GATEWAY_UPSTREAM_UPSTREAM_H

#include "base/arena.h"
#include "base/text.h"
#include "http/headers.h"
#include "http/loop.h"

#include <stddef.h>

struct upstreams;
struct upstream_connection;
struct dial;

enum upstream_outcome {
        UPSTREAM_ANSWERED,
        UPSTREAM_REFUSED, /* no connection came about, for whatever reason, so that nothing was
                             sent: 503 */
        UPSTREAM_SLOW,    /* it got the request, and the answer did not come in time: 504 */
        UPSTREAM_BROKEN,  /* reset, cut short, no HTTP: 502 */
};

/* Of upstream_read; above 0 it is bytes. */
enum { UPSTREAM_READ_LATER = 0, UPSTREAM_READ_END = -1, UPSTREAM_READ_BROKEN = -2 };

struct upstream_request {
        struct arena *arena; /* the request's; the answer's fields are put there */
        const char *host;    /* "order", "127.0.0.1", "::1" */
        int port;
        const char *authority; /* for Host: "order:8080" */
        const char *method;
        const char *target; /* path and query as they are to go out */
        const struct http_header *headers;
        size_t header_count;
        const char *body; /* what is there of it */
        size_t body_len;
        int64_t body_total; /* -1: unknown, goes out in chunks */
        bool more;          /* body is the beginning only: upstream_write brings the rest */
        bool careful; /* must not be lost on a connection that the other side just gave up: look
                         first */
        int connect_ms, response_ms; /* until connected; until the head, and between pieces of the
                                        body; 0: for ever */

        /* Once: the answer's head is there, with it, if that is quick, a body that is not long; or
           it failed. */
        void (*done)(struct upstream_request *request);
        /* upstream_read or upstream_write, which wanted to wait, may go on. */
        void (*ready)(struct upstream_request *request);
        void *arg;

        enum upstream_outcome outcome;
        const char *reason; /* for people, when not answered */
        bool reached;       /* the upstream may have seen some of the request */
        bool begun;         /* and said something */
        int status;
        struct http_header *answer; /* without hop-by-hop fields, framing among them */
        size_t answer_count;
        bool has_body;
        int64_t answer_total; /* as announced, also to HEAD; -1: not said */
        const char *whole;    /* the body, if it came with the head: nothing is to be read; NULL:
                                 upstream_read it */
        size_t whole_len;
        struct http_header *trailers; /* at UPSTREAM_READ_END */
        size_t trailer_count;

        /* upstream's own */
        struct upstreams *upstreams;
        struct upstream_connection *connection;
        struct dial *dial;
        struct timer timer;
        const char *out; /* not yet sent */
        size_t out_len;
        char *gathered;    /* the body so far, while it is waited for; NULL: it is not */
        size_t held;       /* bytes for it, until upstream_cancel */
        const char *piece; /* decoded, not yet read */
        size_t piece_len;
        struct text spill; /* the last piece of the request's body */
        bool ending;       /* the caller has given all of the body */
        bool body_sent;    /* handed to the system, all of it */
        bool deaf;         /* the upstream reads no more; it may have answered before */
        bool headed;       /* done() was called with an answer */
        bool endless;      /* an event stream: no time limit between pieces */
        bool wants_read, wants_write;
        bool over;
};

struct upstreams_config {
        int max_idle_ms, max_life_ms; /* of a kept connection, the latter give or take a fifth; 0:
                                         20 s and 60 s */
        int max_idle_connections;     /* kept to one host and port; 0: 1,000 */
        size_t max_head;              /* bytes of an answer's; 0: 32 KiB, which is the most */
};

struct upstreams *upstreams_open(const struct upstreams_config *config, struct loop *loop);
/* What is under way is broken off without a word. */
void upstreams_close(struct upstreams **upstreams);

void upstream_start(struct upstreams *upstreams, struct upstream_request *request);
/* How many bytes were taken; none: wait for ready(). len 0: that was all. */
size_t upstream_write(struct upstream_request *request, const char *data, size_t len);
/* At most `room` bytes of the body, or one of EXCHANGE_*; the latter two end it. */
long upstream_read(struct upstream_request *request, char *to, size_t room);
/* Ends it, whatever state it is in; no callback comes any more. To be called also when it has
   ended, once what it brought is of no more use. */
void upstream_cancel(struct upstream_request *request);

#endif
