/* filter_chain - one request's walk through the filters of its route: in their order towards the
   upstream, in reverse order with the answer.

   Pure: no clock, no I/O. Lives in the request's arena; one thread at a time. Retry, CircuitBreaker
   and RequestRateLimiter do nothing here: the caller follows what they set in struct route. The
   request side runs between forward_receive, which has removed the hop-by-hop fields, and
   forward_request. No filter can change the framing (Content-Length, Transfer-Encoding, Connection
   ...). Filters may produce any path: check it for dot segments and /actuator after
   filter_chain_request too. */
#ifndef GATEWAY_ROUTING_FILTER_CHAIN_H
#define GATEWAY_ROUTING_FILTER_CHAIN_H

#include "gateway/routing/glob.h"
#include "gateway/routing/predicate.h"
#include "http/headers.h"

struct route;

struct filter_chain {
        const struct route *route;
        const struct asked *asked; /* the request as it came */
        /* towards the upstream */
        const char *path, *query; /* raw; query NULL: none */
        struct headers headers;
        int64_t max_body; /* RequestSize, in bytes: the limit for bodies of unknown length too; 0:
                             none */
        /* towards the client */
        int status; /* of the answer */
        struct headers answer;
        const char *detail; /* of the problem, if a filter answered; NULL: the answer has no body */
        bool prefixed;      /* PrefixPath has run */
        size_t passed;      /* how many filters saw the request; only these see the answer */
};

/* Begins with the request as it came. */
void filter_chain_open(struct filter_chain *chain, const struct route *route,
                       const struct asked *asked);
/* False: a filter answered (RedirectTo, RequestSize); status, answer and detail say what. */
bool filter_chain_request(struct filter_chain *chain);
/* Replaces each {name} by the value of that variable of Path or Host; for a path the value stays
   escaped. For filters. */
const char *filter_chain_expand(const struct filter_chain *chain, const char *template,
                                bool for_path);
/* Set status and answer before the call, whether an upstream, a filter or the gateway made the
   answer. */
void filter_chain_answer(struct filter_chain *chain);

#endif
