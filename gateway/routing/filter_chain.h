/* chain - one request's way through the filters of its route: in their order towards the upstream,
   in reverse order back.

   Pure: no clock, no I/O. In the request's arena; one thread at a time. Retry, CircuitBreaker and
   RequestRateLimiter take no part: they are the caller's to obey (struct route). The request side
   runs between forward_receive, which has removed what is hop-by-hop, and forward_request. Framing
   (Content-Length, Transfer-Encoding, Connection ...) is the proxy's: no filter reaches it. The
   path that comes out may be anything that a path can be, so that dot segments and /actuator are
   looked for behind filter_chain_request, not only before. */
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
        int64_t max_body; /* RequestSize: bytes, to be held against bodies of unknown length too; 0:
                             not said */
        /* towards the client */
        int status; /* of the answer */
        struct headers answer;
        const char *detail; /* answered here: for the problem; NULL: the answer has no body */
        bool prefixed;      /* PrefixPath put something in front */
        size_t passed;      /* how many filters saw the request: these see the answer */
};

/* As the request came. */
void filter_chain_open(struct filter_chain *chain, const struct route *route,
                       const struct asked *asked);
/* False: a filter answered (RedirectTo, RequestSize); status, answer and detail say what. */
bool filter_chain_request(struct filter_chain *chain);
/* With what the request has for {name}, of Path and Host; for a path it stays escaped. Filters use
   it. */
const char *filter_chain_expand(const struct filter_chain *chain, const char *template,
                                bool for_path);
/* Set status and answer before, whoever made it: an upstream, a filter or the gateway itself. */
void filter_chain_answer(struct filter_chain *chain);

#endif
