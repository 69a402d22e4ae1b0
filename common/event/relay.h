/* relay - publishes committed events on the bus: at least once, in order per key.

   Right after each commit the events come from memory. The outbox table is read at start, and for
   events that memory could not hold or the bus did not take. While the bus is away no request pays
   for it: only the outbox grows. Memory is bounded in bytes.

   The relay waits for the records that it handed over for as long as the bus lives, and does not
   hand them over again. It does so only if the bus gives them back (BUS_RETURNED: closing, or a
   Kafka client that broke), and after this process ended while they were under way. Each record
   is accounted for by itself, so a part of the bus that stands still holds up only itself. The
   same is true of a topic other than the bus's own that is missing or not permitted: its records
   stay in the outbox and are tried again each minute. */
#ifndef EVENT_RELAY_H
#define EVENT_RELAY_H

#include "data/store.h"
#include "event/bus.h"

struct faults;
struct relay;

extern const struct metric_family relay_families[];

struct relay_config {
        struct store *store;
        struct bus_config bus;
        struct metrics *metrics;
        struct faults *faults; /* what fails on purpose; outlives the relay; NULL: nothing */
};

struct relay *relay_open(const struct relay_config *config, struct error *error);
/* Makes one last pass over the waiting events, in at most wait_ms and a second; the rest is
   published after the next start. */
void relay_close(struct relay **relay, int wait_ms);

#endif
