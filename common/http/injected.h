/* injected - faults that somebody switched on (base/faults.h), where they strike a server's
   requests: a status in place of the handler, an answer that comes later, a connection that is
   reset before the answer or in its middle. Private to the server; on the worker's thread.

   Several may strike one request: first the status, or the handler; then the wait; then the reset,
   or half of the answer. /actuator, /faults and what is below them are struck only by a fault whose
   own path begins so: the probes have faults of their own (not-ready, not-alive), and who looks on
   must see what happens.

   The access line and the metric have the status that was sent, or INJECTED_RESET where nothing was
   sent. The request's span has the kinds in mall.fault. */
#ifndef HTTP_INJECTED_H
#define HTTP_INJECTED_H

#include "http/connection.h"

enum { INJECTED_RESET = 444 }; /* nginx's number: closed without an answer */

enum injected_step {
        INJECTED_SEND,  /* the answer is sent as it now is */
        INJECTED_WAIT,  /* later: the request is suspended, and is EXCHANGE_DELAYED */
        INJECTED_CLOSED /* the connection was reset */
};

/* Before the handler. True: request->answer is filled, and the handler is not asked. */
bool injected_instead(struct exchange *exchange);
/* When the answer is there, and again after the wait. `early`: the request's body is not read yet,
   so the library does not send the answer. */
enum injected_step injected_strike(struct exchange *exchange, bool early);
/* The client hung up, or closed its half: its answer waits no longer. */
void injected_hurry(struct exchange *exchange);
/* The request ends. */
void injected_end(struct exchange *exchange);

#endif
