/* base_url - absolute URLs as the client sees this service: by its Host header, or by
   X-Forwarded-Proto, -Host, -Port and -Prefix when the peer is a trusted proxy, so that links seen
   through a load balancer lead back through it. */
#ifndef HTTP_BASE_URL_H
#define HTTP_BASE_URL_H

#include "http/server.h"

/* "http://localhost:8081", without a slash at its end; in the request's arena, and made once. */
const char *base_url(struct http_request *request);

#endif
