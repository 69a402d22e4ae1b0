/* What upstream.c, pool.c, request_writer.c and response_reader.c share; nobody else includes
   this. */
#ifndef GATEWAY_UPSTREAM_UPSTREAM_INSIDE_H
#define GATEWAY_UPSTREAM_UPSTREAM_INSIDE_H

#include "base/random.h"
#include "gateway/upstream/connection.h"
#include "gateway/upstream/upstream.h"

/* Connections to one host and port. */
struct pool {
        struct upstreams *upstreams;
        char *host;
        int port;
        struct upstream_connections idle; /* the last used first */
        int idle_count;
        struct pool *next;
};

struct upstreams {
        struct upstreams_config config;
        struct response_limits limits;
        struct loop *loop;
        struct dialer *dialer;
        struct pool *pools;
        struct upstream_connections busy;
        struct read_buffer *buffers;
        int buffer_count;
        size_t gathered;    /* bytes held by all requests */
        struct prng random; /* spreads lifetimes */
};

/* pool.c */
struct pool *pool_of(struct upstreams *upstreams, const char *host, int port);
/* Kept ones are given out the last used first, so that those not needed grow old; NULL: none is
   good. */
struct upstream_connection *pool_take(struct pool *pool, bool careful);
struct upstream_connection *upstream_connection_open(struct pool *pool, int fd,
                                                     struct endpoint *endpoint);
/* Back to its pool, or closed. The request is rid of it. */
void upstream_connection_release(struct upstream_connection *connection, bool keep);
void upstream_connection_drop(struct upstream_connection *connection); /* a kept one */
void read_buffer_take(struct upstream_connection *connection, bool is_head);
void pools_close(struct upstreams *upstreams);
/* upstream.c */
void upstream_connection_ready(struct watch *watch, unsigned events);
/* The request is over, its connection given back: to carry another, or to be closed. */
void upstream_release(struct upstream_request *request, bool keep);
void upstream_fail(struct upstream_request *request, enum upstream_outcome outcome,
                   const char *reason);
void upstream_wait(struct upstream_request *request);    /* for the upstream: its time runs */
void upstream_proceed(struct upstream_request *request); /* whatever can be done now */

/* request_writer.c */
bool send_is_sound(
        const struct upstream_request *request); /* one request, whatever is in its fields */
void send_first(struct upstream_request *request);
void send_more(struct upstream_request *request);
/* response_reader.c */
void receive_head(struct upstream_request *request);
void receive_forget(struct upstream_request *request); /* what was gathered for it */

#endif
