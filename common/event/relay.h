/* relay - carries what was committed onto the bus: at least once, in order per key.

   Fed from memory right after each commit; reads the outbox table at start, and when memory overflowed because the bus
   was away. A bus that is away costs no request: it only lets the outbox grow. */
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
/* One last pass over what waits, at most wait_ms; what is left is published after the next start. */
void relay_close(struct relay **relay, int wait_ms);

#endif
