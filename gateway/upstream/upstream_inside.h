/* What upstream.c, upstreams.c and pool.c share: an attempt at a request, and the pools of
   connections. Nobody else includes this. On the loop's thread. */
#ifndef GATEWAY_UPSTREAM_UPSTREAM_INSIDE_H
#define GATEWAY_UPSTREAM_UPSTREAM_INSIDE_H

#include "base/random.h"
#include "gateway/upstream/connection.h"
#include "gateway/upstream/request_writer.h"
#include "gateway/upstream/response_reader.h"
#include "gateway/upstream/upstream.h"
#include "gateway/upstream/upstream_meter.h"

/* How far an attempt is; upstream.c alone changes it. */
enum upstream_state {
        /* There is no connection yet: one is being made. */
        UPSTREAM_CONNECTING,
        /* The request is being sent, or the caller has yet to give more of its body. */
        UPSTREAM_SENDING,
        /* All of the request was sent, or the upstream reads no more; the answer's head is
           awaited. */
        UPSTREAM_WAITING,
        /* The head came, its short body is being read, and the caller was not told yet. The
           request may still be being sent. */
        UPSTREAM_GATHERING,
        /* The caller was told, and reads the body in pieces. The request may still be being
           sent. */
        UPSTREAM_STREAMING,
        /* The attempt ended, failed or was cancelled; it has no connection. */
        UPSTREAM_DONE,
};

/* How much of the request's body the caller has given. */
enum upstream_upload {
        UPLOAD_OPEN,   /* More is to come. */
        UPLOAD_ENDING, /* It was all, and the writer was not told yet. */
        UPLOAD_GIVEN,  /* The writer has all of it, or has sent it. */
};

/* A request between upstream_start and upstream_cancel; in its arena. */
struct upstream_attempt {
        struct upstream_request *request;
        struct upstreams *upstreams;
        enum upstream_state state;
        enum upstream_upload upload;
        struct dial *dial;                      /* NULL: none is under way */
        struct upstream_connection *connection; /* from SENDING to STREAMING */
        struct timer timer;                     /* for what its due() says */
        int silence_ms; /* the longest that the upstream may say nothing; 0: for ever */
        struct request_writer writer;
        struct response_reader reader;
        size_t held;                     /* bytes for the gathered body, until upstream_cancel */
        bool reader_waits, writer_waits; /* the caller's, for ready() */
};

/* The connections to one host and port that are kept. */
struct pool {
        struct upstreams *upstreams;
        char *host;
        int port;
        const struct upstream_meter *meter; /* NULL: nothing is counted */
        struct upstream_connections idle;   /* the last used first */
        int idle_count;
        struct pool *next;
};

struct upstreams {
        struct upstreams_config config;
        struct response_limits limits;
        struct loop *loop;
        struct dialer *dialer;
        struct pool *pools;
        struct upstream_connections busy; /* those that carry a request */
        struct read_buffer *buffers;      /* free ones */
        int buffer_count;
        size_t gathered;    /* bytes held by all attempts */
        struct prng random; /* spreads lifetimes */
};

/* pool.c; a pool lives as long as the upstreams. */
struct pool *pool_of(struct upstreams *upstreams, const char *host, int port);
/* The connection that was used last, so that those not needed grow old; NULL: none is good. */
struct upstream_connection *pool_take(struct pool *pool, bool careful);
/* A busy one; its watch calls ready(). */
struct upstream_connection *upstream_connection_open(struct pool *pool, int fd,
                                                     struct endpoint *endpoint,
                                                     void (*ready)(struct watch *watch,
                                                                   unsigned events));
/* A busy one, back to its pool or closed. */
void upstream_connection_release(struct upstream_connection *connection, bool keep);
/* Closes a kept one. */
void upstream_connection_drop(struct upstream_connection *connection);
/* With no connection busy. */
void pools_close(struct upstreams *upstreams);

#endif
