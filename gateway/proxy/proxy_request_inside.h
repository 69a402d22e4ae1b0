/* proxy_request_inside - the struct of a proxy request, for the files of this room that work on it.

   Only proxy_request.c changes the state, sends, waits and cancels. The files below it (admit.c,
   outgoing.c, retry.c, response.c) read and fill the struct, and call nothing above them.

       ADMITTING ---> SENDING -------> ANSWERED
                       |   ^             ^
                       v   |             |
                      WAITING -----------+   when it is given up
   */
#ifndef GATEWAY_PROXY_PROXY_REQUEST_INSIDE_H
#define GATEWAY_PROXY_PROXY_REQUEST_INSIDE_H

#include "gateway/proxy/worker.h"
#include "gateway/routing/cors.h"
#include "gateway/routing/filter_chain.h"
#include "gateway/upstream/upstream.h"
#include "http/server.h"

enum proxy_state {
        PROXY_ADMITTING, /* The route, its limits and its filters decide; nothing was sent yet. A
                            request that is answered here at once stays in this state. */
        PROXY_SENDING,   /* A try is under way, and the upstream has not answered it. The client's
                            body goes on to the upstream as it comes. Or it has answered, and a
                            fault holds that back. */
        PROXY_WAITING,   /* A try failed; the next one begins when the timer is due. Or a fault
                            refuses this one. The client's body waits for it. */
        PROXY_ANSWERED,  /* The answer is known, and is on its way to the client. The rest of the
                            client's body is dropped. */
};

/* What admission holds for the request, and what it found that the answer will say. */
struct proxy_admission {
        struct target *counted_at; /* the target that counts it as in flight; NULL: none does */
        const struct route_breaker *breaker; /* the one that was asked; NULL: none */
        uint64_t ticket;                     /* of that breaker; 0: none, or given back */
        const struct route_limiter *limiter; /* the one that was asked; NULL: none */
        int64_t tokens_left;                 /* of that limiter */
};

/* An answer of the gateway's own. */
struct proxy_own_answer {
        int status;         /* 0: the answer is what the upstream brings */
        const char *detail; /* of its problem; NULL: it has no body */
        int retry_after_s;  /* for Retry-After, of a failed upstream too; 0: without */
};

/* What a fault does to the try under way; all 0: nothing. */
struct try_fault {
        int64_t begun_us;
        bool asked;       /* whether one holds its answer back */
        int64_t id;       /* of the one that does; 0: none */
        int64_t until_us; /* so long */
        bool too_slow;    /* longer than the route waits */
};

struct proxy_tries {
        int begun;
        int64_t began_us;   /* the one under way, by the loop's time; 0: none is */
        int reached;        /* how many of them may have reached the upstream */
        struct timer timer; /* until the next one, or until its end is seen */
        struct try_fault fault;
        struct span *span; /* of the one under way; NULL: none is recorded */
};

/* Idempotency-Key */
struct proxy_key {
        const char *text; /* NULL: none */
        bool made;        /* by the gateway: the client does not see it */
};

struct proxy_request {
        enum proxy_state state;
        struct proxy_worker *worker;
        LIST_ENTRY(proxy_request) beside; /* among the worker's, unless it is PROXY_ADMITTING */
        int64_t start_us;

        /* the client's side */
        struct http_request *request;
        struct headers received; /* as forward_receive left them */
        struct asked asked;
        struct cors_verdict cors;
        const char *reading; /* of the path as it came (gateway/routing/path.h) */
        int64_t streamed;    /* bytes of the body sent on, beyond those in request->body */
        bool body_ended;     /* the client has sent all of its body */

        /* its route */
        struct snapshot *snapshot;
        const struct route *route;       /* NULL: none yet */
        const struct route *fallen_from; /* the route whose breaker led to this one; NULL: none */
        struct target *target;
        struct filter_chain chain;
        struct proxy_admission admission;

        /* the upstream's side */
        struct upstream_request upstream;
        struct proxy_tries tries;
        struct proxy_key key;

        /* the answer */
        struct proxy_own_answer own;
        const char *cut; /* why its body ends before its end; NULL: it does not */
};

/* The gateway answers itself, with a problem or, where detail is NULL, without a body. Gives false,
   for a check to return. */
static inline bool answer_here(struct proxy_request *p, int status, const char *detail)
{
        p->own.status = status;
        p->own.detail = detail;
        return false;
}

#endif
