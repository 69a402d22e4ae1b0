/* origin - whether a request comes from a page of this site (RFC 6454).

   A browser names the site of the page that asks in Origin, whatever that page wishes. A client
   that is no browser sends none. */
#ifndef HTTP_ORIGIN_H
#define HTTP_ORIGIN_H

#include "http/server.h"

/* The host, maybe with a port, that the client named to our server or, where a trusted peer passed
   the request on, to that peer: the last element of X-Forwarded-Host. The elements before it may be
   the page's own: where CORS allows a page any field, it sends this one too. */
const char *origin_asked(const struct http_request *request);

/* False: it comes from a page of another site. A site is host and port here: its scheme is not
   known where a load balancer ends TLS, and nobody else has the host's other port. */
bool origin_is_own(const struct http_request *request);

#endif
