/* forward - what a proxy changes in the fields of a request (those of an answer are the reader's,
   parser.h). Pure functions over lists of headers.

   In two steps, the route's filters between them. First what the client sent: hop-by-hop fields and
   those that its Connection names end here, but never the ones that we or the services rely on
   (Idempotency-Key, X-Forwarded-*, traceparent, ...), and X-Forwarded-* and Forwarded of a peer
   that is not trusted. All that looks at a request later sees it so; what filters add goes out.
   Then X-Forwarded-For, -Host, -Port, -Proto, -Prefix and Forwarded are written: they continue what
   is there. Sources: RFC 9110 section 7.6, RFC 7239. */
#ifndef GATEWAY_PROXY_FORWARD_H
#define GATEWAY_PROXY_FORWARD_H

#include "http/headers.h"

#include <stdbool.h>

struct origin {
        const char *peer; /* its address */
        int hops;         /* proxies between it and the client (client.h) */
        const char *traceparent;
        const char *prefix; /* what StripPrefix took off; NULL: nothing */
};

/* As received; trusted: the peer may say for whom it asks. False, and nothing is changed:
   Connection names more than 100 fields, which cost more to look for than such a request is
   worth. */
bool forward_receive(struct headers *headers, bool trusted);
/* Behind forward_receive and the filters: as it is to go out. */
void forward_request(struct headers *headers, const struct origin *origin);
/* How the client sees us: "http" or "https", and Host, or what trusted peers say of them. Of a list
   that element counts which the same proxy wrote that named the client: what stands further left is
   for the client to choose. */
const char *forward_scheme(const struct headers *in, int hops);
const char *forward_host(const struct headers *in, int hops);

#endif
