/* retry - whether a request is sent to its upstream once more, and when.

   There are three reasons to. The try failed in a way that allows it: nothing reached the upstream
   (any method), or the connection broke before the first byte of an answer (a safe method, or a
   request whose Idempotency-Key the upstream keeps). The upstream refuses the request with 409,
   because it is still at work on an earlier try of ours. Or the route's Retry filter asks for it.
   The budget bounds them all.

   A key counts only for the methods for which the upstream keeps keys: POST, where the route's
   metadata says so, and any method for which an answer has named the key of its request
   (draft-ietf-httpapi-idempotency-key-header leaves it to the resource). That PUT and DELETE are
   idempotent (RFC 9110, 9.2.2) does not count here: a PUT to an unknown id creates an order each
   time. */
#ifndef GATEWAY_PROXY_RETRY_H
#define GATEWAY_PROXY_RETRY_H

#include <stdint.h>

struct proxy_request;

/* After a try has ended: how long to wait before the next one, in microseconds; -1: it is not sent
   again. The next try is paid from the worker's budget; the request is not changed. */
int64_t retry_wait_us(const struct proxy_request *p);
/* After each try: notes at the target if the answer shows that the upstream keeps keys. */
void retry_learn(const struct proxy_request *p);

#endif
