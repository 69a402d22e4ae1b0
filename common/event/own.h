/* own - watches a daemon's own events as they come back on the bus. They show when the store came
   back from the past.

   The daemon needs its own events for nothing else. But an event with an id that the store never
   gave was announced by a later state of the store: before a backup was restored, or before a
   standby that was behind took over. Then the next ids were given before, and other services
   would take the new events for events that they know. So the store is renewed (data/renew.h),
   and the log says so. Events that the restored store announced before it noticed cannot be
   helped here: a service that reads them sees another content under a known identity (inbox.h). */
#ifndef EVENT_OWN_H
#define EVENT_OWN_H

#include "data/store.h"
#include "event/bus.h"

struct own;

/* Looks at the end of the topic too, because the group's position may be past such an event: of
   an event log at once, else in a thread that waits for the bus. Does not use config's `wanted`. */
struct own *own_open(struct store *store, const struct bus_config *config);
/* Waits a second or two if it is still looking. */
void own_close(struct own **own);

/* Call it for each record that a reader passes. Any thread. */
void own_hear(struct own *own, const struct bus_sign *sign);
/* Renews the store if that is necessary. Cheap: call it again and again. Any thread but the
   store's writer. */
void own_check(struct own *own);

#endif
