/* proxy_request - one request on its way through the gateway: from its route to the upstream,
   perhaps more than once, and back. gateway.c's own; on its worker's thread. */
#ifndef GATEWAY_PROXY_PROXY_REQUEST_H
#define GATEWAY_PROXY_PROXY_REQUEST_H

#include "gateway/proxy/forward.h"
#include "gateway/proxy/worker.h"
#include "gateway/routing/cors.h"
#include "gateway/routing/filter_chain.h"
#include "gateway/upstream/upstream.h"
#include "http/server.h"

struct proxy_request {
        struct proxy_worker *worker;
        struct http_request *request;
        struct snapshot *snapshot;
        const struct route *route; /* NULL: none yet */
        struct target *target;
        struct asked asked;
        struct headers received;
        struct filter_chain chain;
        struct cors_verdict cors;
        struct upstream_request upstream;
        struct timer timer; /* until the next try */
        int64_t start_us;
        const char *key; /* Idempotency-Key; NULL: none */
        bool made_key;   /* it is ours */
        bool counted;    /* among the target's in flight */
        bool answered;   /* the exchange has an answer, or there will be none */
        bool open;       /* a breaker would not have it */
        bool fallen_back;
        bool running;       /* among the worker's calls */
        int tries, reached; /* so many began; so many may have reached the upstream */
        int64_t streamed;   /* bytes of the body that went beyond what is kept */
        uint64_t ticket;    /* of the breaker; 0: none */
        struct route_breaker const *breaker;
        const struct route_limiter *limiter;
        int64_t tokens_left;
        int status;         /* to answer here; 0: by what the exchange brings */
        const char *detail; /* of that answer's problem */
        int retry_after_s;
        LIST_ENTRY(proxy_request) beside;
};

/* True: it waits for proxy_request_finish; false: request->answer is filled. */
bool proxy_request_begin(struct proxy_request *p);
/* The answer that it came to. */
void proxy_request_finish(struct proxy_request *p);
/* The client is gone, or sends too much: with `status`, if anybody still listens. */
void proxy_request_give_up(struct proxy_request *p, int status, const char *why);
/* Behind the answer, or where it broke off. */
void proxy_request_end(struct proxy_request *p);
/* The gateway stops: all that wait get 502, and what begins from now on 503. */
void proxy_request_stop_all(struct proxy_worker *worker);
size_t proxy_request_take(struct proxy_request *p, const char *data, size_t len);

/* admit.c: what is decided before anything is sent. False: answered here, `status` says what. */
bool admit_any_route(struct proxy_request *p); /* whatever its route */
bool admit_on_route(struct proxy_request *p);  /* a route, and past its limits and filters */
bool proxy_request_answer_here(struct proxy_request *p, int status, const char *detail); /* false */
bool proxy_request_is_too_large(const struct proxy_request *p, size_t more);
const char *proxy_request_too_large(const struct proxy_request *p);
void proxy_request_leave_crowd(struct proxy_request *p);
void proxy_request_note_breaker(struct proxy_request *p, enum breaker_outcome outcome);

/* retry.c: whether the exchange, which failed or got an answer not to be passed on, is to be made
   once more; then it will be, and the call goes on waiting. */
bool retry_again(struct proxy_request *p);
/* Behind each try: what its answer says of keys. */
void retry_learn(struct proxy_request *p);
void proxy_request_send(struct proxy_request *p);

/* response.c: the answer's way to the client. */
void response_fill(struct proxy_request *p);

#endif
