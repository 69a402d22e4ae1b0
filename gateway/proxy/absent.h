/* absent - what the gateway answers at "/" while the upstream of that page, the console or a
   frontend of somebody's own, cannot be reached: what is missing, and how to start it. */
#ifndef GATEWAY_PROXY_ABSENT_H
#define GATEWAY_PROXY_ABSENT_H

#include "http/server.h"

struct absence {
        const char *route, *uri; /* of the route that leads there */
        const char *reason;      /* "connection refused" */
};

/* Is it the page that is asked for? GET or HEAD of "/" */
bool absent_is_asked_for(const struct http_request *request);

/* Fills the answer, 503: a page for browsers, in Korean or English, else a problem. */
void absent_answer(struct http_request *request, const struct absence *absence);

#endif
