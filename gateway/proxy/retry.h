/* retry - whether a request is sent to its upstream once more, and when.

   Two reasons: the try failed in a way that allows it (nothing reached the upstream: any method;
   the connection broke before an answer: a safe method, or a request that the upstream recognises
   by its Idempotency-Key), or the route's Retry filter asks for it. Never after the first byte of
   an answer, unless the filter wants another one; never beyond the budget.

   A key alone makes nothing repeatable. It counts for the methods for which the upstream keeps
   keys: POST, where the route's metadata says so, and those whose answers were seen to name the
   key of their request (draft-ietf-httpapi-idempotency-key-header leaves it to the resource). That
   PUT and DELETE are idempotent (RFC 9110, 9.2.2) does not count here: a PUT to an unknown id
   creates an order each time. */
#ifndef GATEWAY_PROXY_RETRY_H
#define GATEWAY_PROXY_RETRY_H

#include <stdint.h>

struct proxy_request;

/* After a try has ended: microseconds to wait before the next one, paid from the worker's budget;
   -1: it is not sent again. Changes nothing of the request. */
int64_t retry_wait_us(const struct proxy_request *p);
/* After each try: remembers at the target whether its answer shows that it keeps keys. */
void retry_learn(const struct proxy_request *p);

#endif
