/* origin - whether a request comes from a page of this site (RFC 6454).

   A browser names the site of the page that asks in Origin, whatever that page wishes. A client
   that is no browser sends none. */
#ifndef HTTP_ORIGIN_H
#define HTTP_ORIGIN_H

#include "http/server.h"

/* False: it comes from a page of another site. The site is the one that the client sees: by Host,
   or by X-Forwarded-Proto, -Host and -Port of a trusted peer. */
bool origin_is_own(const struct http_request *request);

#endif
