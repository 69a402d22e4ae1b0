/* What upstream.c, pool.c, send.c and receive.c share; nobody else includes this. */
#ifndef GATEWAY_UPSTREAM_INSIDE_H
#define GATEWAY_UPSTREAM_INSIDE_H

#include "gateway/link.h"
#include "gateway/upstream.h"

/* Connections to one host and port. */
struct pool {
        struct upstreams *upstreams;
        char *host;
        int port;
        struct links idle; /* the last used first */
        int idle_count;
        struct pool *next;
};

struct upstreams {
        struct upstreams_config config;
        struct reply_limits limits;
        struct loop *loop;
        struct dialer *dialer;
        struct pool *pools;
        struct links busy;
        struct desk *desks;
        int desk_count;
        size_t gathered; /* bytes held by all exchanges */
        uint64_t seed;
};

/* pool.c */
struct pool *pool_of(struct upstreams *upstreams, const char *host, int port);
/* Kept ones are given out the last used first, so that those not needed grow old; NULL: none is good. */
struct link *pool_take(struct pool *pool, bool careful);
struct link *link_open(struct pool *pool, int fd, struct place *place);
/* Back to its pool, or closed. The exchange is rid of it. */
void link_release(struct link *link, bool keep);
void link_drop(struct link *link); /* a kept one */
void desk_take(struct link *link, bool is_head);
void pools_close(struct upstreams *upstreams);
/* upstream.c */
void link_ready(struct watch *watch, unsigned events);
/* The exchange is over, its connection given back: to carry another, or to be closed. */
void exchange_release(struct exchange *exchange, bool keep);
void exchange_fail(struct exchange *exchange, enum upstream_outcome outcome, const char *reason);
void exchange_wait(struct exchange *exchange); /* for the upstream: its time runs */
void exchange_move_on(struct exchange *exchange); /* whatever can be done now */

/* send.c */
bool send_is_sound(const struct exchange *exchange); /* one request, whatever is in its fields */
void send_first(struct exchange *exchange);
void send_more(struct exchange *exchange);
/* receive.c */
void receive_head(struct exchange *exchange);
void receive_forget(struct exchange *exchange); /* what was gathered for it */

#endif
