/* call - one request on its way through the gateway: from its route to the upstream, perhaps more than once, and back.
   gateway.c's own; on its worker's thread. */
#ifndef GATEWAY_CALL_H
#define GATEWAY_CALL_H

#include "gateway/budget.h"
#include "gateway/cors.h"
#include "gateway/passage.h"
#include "gateway/plan.h"
#include "gateway/upstream.h"
#include "http/server.h"

#include <sys/queue.h>

struct gateway;

enum { KEY_STOCK = 32 };

/* What one worker's thread has of the gateway. */
struct lane {
        struct gateway *gateway;
        struct loop *loop;
        struct upstreams *upstreams;
        struct plan *plan; /* for requests that begin now */
        struct budget budget;
        LIST_HEAD(calls, call) calls; /* those that wait for something */
        bool stopping;
        uint64_t random;
        unsigned char keys[KEY_STOCK][16]; /* random bytes for Idempotency-Keys */
        int keys_left;
        struct task change, stop;
        bool told; /* change is posted and has not run */
};

struct call {
        struct lane *lane;
        struct http_request *request;
        struct plan *plan;
        const struct route *route; /* NULL: none yet */
        struct target *target;
        struct asked asked;
        struct headers received;
        struct passage passage;
        struct cors_verdict cors;
        struct exchange exchange;
        struct timer timer; /* until the next try */
        int64_t start_us;
        const char *key; /* Idempotency-Key; NULL: none */
        bool made_key;   /* it is ours */
        bool counted;    /* among the target's in flight */
        bool answered;   /* the exchange has an answer, or there will be none */
        bool open;       /* a breaker would not have it */
        bool fallen_back;
        bool running;    /* among the lane's calls */
        int tries, reached; /* so many began; so many may have reached the upstream */
        int64_t streamed; /* bytes of the body that went beyond what is kept */
        uint64_t ticket;  /* of the breaker; 0: none */
        struct route_breaker const *breaker;
        const struct route_limiter *limiter;
        int64_t tokens_left;
        int status;         /* to answer here; 0: by what the exchange brings */
        const char *detail; /* of that answer's problem */
        int retry_after_s;
        LIST_ENTRY(call) beside;
};

/* True: it waits for call_finish; false: request->answer is filled. */
bool call_begin(struct call *call);
/* The answer that it came to. */
void call_finish(struct call *call);
/* The client is gone, or the gateway stops: with `status`, if anybody still listens. */
void call_give_up(struct call *call, int status, const char *why);
/* Behind the answer, or where it broke off. */
void call_end(struct call *call);
size_t call_take(struct call *call, const char *data, size_t len);

/* decide.c: what is decided before anything is sent. False: answered here, `status` says what. */
bool call_is_welcome(struct call *call);    /* whatever its route */
bool call_finds_its_way(struct call *call); /* a route, and past its limits and filters */
bool call_answer_here(struct call *call, int status, const char *detail); /* false */
bool call_is_too_large(const struct call *call, size_t more);
const char *call_too_large(const struct call *call);
void call_leave_crowd(struct call *call);
void call_note_breaker(struct call *call, enum breaker_outcome outcome);

/* again.c: whether the exchange, which failed or got an answer not to be passed on, is to be made once more; then it will
   be, and the call goes on waiting. */
bool call_again(struct call *call);
/* Behind each try: what its answer says of keys. */
void call_learn(struct call *call);
void call_send(struct call *call);

/* back.c: the answer's way to the client. */
void back_fill(struct call *call);

#endif
