/* relay - carries what was committed onto the bus: at least once, in order per key.

   Fed from memory right after each commit; reads the outbox table at start, and for what memory
   could not hold or the bus did not take. A bus that is away costs no request: it only lets the
   outbox grow. What is in memory is bounded in bytes.

   What was handed to the bus is waited for as long as the bus lives, and not handed over again. It
   is only when the bus gives it back (BUS_RETURNED: closing, or a client of Kafka's that broke),
   and after the end of this process in the midst of it. Records are accounted for one by one, so
   that a part of the bus which stands still holds up nothing but itself; nor does a topic other
   than the bus's own that is not there or not permitted: its records stay in the outbox and are
   tried again each minute. */
#ifndef EVENT_RELAY_H
#define EVENT_RELAY_H

#include "data/store.h"
#include "event/bus.h"

struct relay;

struct relay_config {
        struct store *store;
        struct bus_config bus;
        struct metrics *metrics;
};

struct relay *relay_open(const struct relay_config *config, struct error *error);
/* One last pass over what waits, at most wait_ms and a second; what is left is published after the
   next start. */
void relay_close(struct relay **relay, int wait_ms);

#endif
