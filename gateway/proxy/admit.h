/* admit - what is decided about a request before anything of it is sent: CORS, its route, limiter,
   requests in flight, breaker, filters.

   A check lets the request pass (true), or fills its `own` answer (false). What admission holds for
   the request stays held until admit_give_back. */
#ifndef GATEWAY_PROXY_ADMIT_H
#define GATEWAY_PROXY_ADMIT_H

#include "base/breaker.h"

#include <stdbool.h>
#include <stddef.h>

struct proxy_request;

/* The checks that do not depend on the route. */
bool admit_any_route(struct proxy_request *p);
/* Finds the route of p->asked, and passes its limits and filters. */
bool admit_on_route(struct proxy_request *p);
/* After admit_on_route refused: was it because of an open breaker? */
bool admit_met_open_breaker(const struct proxy_request *p);
/* Why the request cannot have so many more bytes of body; NULL: it can. */
const char *admit_too_large(const struct proxy_request *p, size_t more);

/* Tells the breaker how it went, once; a request without a ticket has nothing to tell. */
void admit_note_breaker(struct proxy_request *p, enum breaker_outcome outcome);
/* The place among the requests in flight, and the breaker's ticket if it still has it. */
void admit_give_back(struct proxy_request *p);

#endif
