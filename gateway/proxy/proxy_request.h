/* proxy_request - one request on its way through the gateway: from its route to the upstream,
   perhaps more than once, and back. It lives in the arena of the client's request, which has it as
   its `state`. All functions are called on the worker's thread. */
#ifndef GATEWAY_PROXY_PROXY_REQUEST_H
#define GATEWAY_PROXY_PROXY_REQUEST_H

#include "gateway/proxy/worker.h"
#include "http/server.h"

struct proxy_request;

/* True: it waits for the upstream; the server will be told by http_resume when to call
   proxy_request_finish. False: request->answer is filled, and the proxy request has ended. */
bool proxy_request_begin(struct proxy_worker *worker, struct http_request *request);
/* More of the client's body. Gives how much was taken; if that is less than len, wait for
   http_go_on. len 0: the body has ended. */
size_t proxy_request_take(struct proxy_request *p, const char *data, size_t len);
/* Ends all waiting for the upstream. The answer is a problem with that status and detail; an answer
   that is known already breaks off instead. */
void proxy_request_give_up(struct proxy_request *p, int status, const char *why);
/* The gateway stops: all that wait for an upstream get 502, and what begins from now on 503. */
void proxy_request_stop_all(struct proxy_worker *worker);
/* The gateway is about to stop: answers that are streams of events end, in order. Their clients
   come back by themselves (WHATWG HTML, 9.2). */
void proxy_request_end_streams(struct proxy_worker *worker);
/* Fills request->answer. */
void proxy_request_finish(struct proxy_request *p);
/* After the answer was sent, or broke off. */
void proxy_request_end(struct proxy_request *p);

#endif
