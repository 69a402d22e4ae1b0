/* response - the answer on its way to the client. */
#ifndef GATEWAY_PROXY_RESPONSE_H
#define GATEWAY_PROXY_RESPONSE_H

#include "gateway/routing/cors.h"
#include "gateway/routing/limiter.h"
#include "http/server.h"

struct proxy_request;

enum {
        RESPONSE_OWN_FIELDS = CORS_HEADERS + LIMITER_HEADERS + 1,
        /* for the head of an answer: the gateway's own fields, and 1 KiB of the upstream's */
        RESPONSE_HEAD_ROOM = RESPONSE_OWN_FIELDS * HTTP_FIELD_ROOM + 1024,
};

/* Fills request->answer: the upstream's answer, the gateway's own, or a problem that says how the
   upstream failed. The fields pass the route's filters; a body that is not all here is pulled as it
   comes. */
void response_fill(struct proxy_request *p);

#endif
