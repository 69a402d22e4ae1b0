/* forward - what a proxy changes in the fields of a request. (Those of an answer are checked by
   gateway/upstream/response_parser.h.) Pure functions over lists of headers.

   There are two steps, and the route's filters run between them. The first removes what ends at
   this hop: hop-by-hop fields, the fields that Connection names, and X-Forwarded-* and Forwarded of
   a peer that is not trusted. A field that the gateway or the services rely on (Idempotency-Key,
   X-Forwarded-*, traceparent ...) cannot be removed by Connection. The second step writes
   X-Forwarded-For, -Host, -Port, -Proto, -Prefix and Forwarded, each continued where a trusted peer
   began it. So the filters see no field that ends here, and no client can remove what a filter
   adds. Sources: RFC 9110 section 7.6, RFC 7239. */
#ifndef GATEWAY_PROXY_FORWARD_H
#define GATEWAY_PROXY_FORWARD_H

#include "http/headers.h"

#include <stdbool.h>

struct origin {
        const char *peer; /* its address */
        int hops;         /* proxies between it and the client (http/client.h) */
        const char *traceparent;
        const char *prefix; /* what StripPrefix took off; NULL: nothing */
};

/* The first step. trusted: the peer may say for whom it asks. False, and nothing is changed:
   Connection names more than 100 fields, and to look for each would take too long. */
bool forward_receive(struct headers *headers, bool trusted);
/* The second step, after the filters. */
void forward_request(struct headers *headers, const struct origin *origin);
/* How the client sees us: "http" or "https", and the host, as trusted peers say, else as it came
   here. Of a list the element counts that was written by the proxy which named the client; elements
   further left are the client's own, who may write anything there. */
const char *forward_scheme(const struct headers *in, int hops);
const char *forward_host(const struct headers *in, int hops);

#endif
