/* admit - what is decided about a request before anything is sent: CORS, route, limiter, requests
   in flight, breaker, filters.

   A check lets the request pass (true), or answers it here (false; p->own says how). What admission
   takes for the request it holds until admit_give_back. */
#ifndef GATEWAY_PROXY_ADMIT_H
#define GATEWAY_PROXY_ADMIT_H

#include "base/breaker.h"

#include <stdbool.h>
#include <stddef.h>

struct proxy_request;

/* The checks that do not depend on the route. */
bool admit_any_route(struct proxy_request *p);
/* Finds the route that takes p->asked, then asks its limits and filters. */
bool admit_on_route(struct proxy_request *p);
/* After admit_on_route answered: because the breaker is open? */
bool admit_met_open_breaker(const struct proxy_request *p);
/* For the answer 413, where the body with so many more bytes is longer than the route allows; NULL:
   it is not. */
const char *admit_too_large(const struct proxy_request *p, size_t more);

/* Tells the breaker how the request went, and so gives back its ticket. Without one: nothing. */
void admit_note_breaker(struct proxy_request *p, enum breaker_outcome outcome);
/* Gives back the place among the requests in flight, and the ticket if it is still held. */
void admit_give_back(struct proxy_request *p);

#endif
