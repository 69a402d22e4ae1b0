/* response - the answer on its way to the client. */
#ifndef GATEWAY_PROXY_RESPONSE_H
#define GATEWAY_PROXY_RESPONSE_H

struct proxy_request;

/* Fills request->answer: the upstream's answer, the gateway's own, or a problem that says how the
   upstream failed. The fields pass the route's filters; a body that is not all here is pulled as it
   comes. */
void response_fill(struct proxy_request *p);

#endif
