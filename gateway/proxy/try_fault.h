/* try_fault - faults that somebody switched on (base/faults.h), where they strike a try: the
   upstream cannot be connected to, its answer comes later, or its connection breaks before the
   answer. The try then ends as a real one would: retry, budget, breaker, metrics and spans know no
   difference. Its reason names the fault.

   Only the beginning of an answer is held back; a body under way is not touched. Called only where
   the worker has faults. */
#ifndef GATEWAY_PROXY_TRY_FAULT_H
#define GATEWAY_PROXY_TRY_FAULT_H

#include <stdbool.h>
#include <stdint.h>

struct proxy_request;

/* Before a try. True: it has ended as UPSTREAM_REFUSED, and nothing is to be sent. */
bool try_fault_refuses(struct proxy_request *p);
/* After a try has ended: how long until the gateway sees that, in microseconds, then to be asked
   again. 0: now; its outcome may have become UPSTREAM_SLOW or UPSTREAM_BROKEN. */
int64_t try_fault_wait_us(struct proxy_request *p);

#endif
