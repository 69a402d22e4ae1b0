/* outgoing - the request as it goes to the upstream. */
#ifndef GATEWAY_PROXY_OUTGOING_H
#define GATEWAY_PROXY_OUTGOING_H

struct proxy_request;

/* Fills p->upstream with what the filters made of the request, for all its tries. */
void outgoing_fill(struct proxy_request *p);

#endif
