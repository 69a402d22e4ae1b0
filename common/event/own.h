/* own - the events of a daemon's own store as they come back on the bus: they tell when the store
   came back from the past.

   Nobody needs them otherwise. But one with an id that the store never gave was said by a later
   state of it, from before a backup was restored, or a standby that was behind took over. The ids
   that come next were given before, then, and whoever hears of them takes them for events that he
   knows: so the store is renewed (data/renew.h), and the log says so. What the restored store said
   until then is not to be helped here: who hears it sees another content under an identity that he
   knows (inbox.h). */
#ifndef EVENT_OWN_H
#define EVENT_OWN_H

#include "data/store.h"
#include "event/bus.h"

struct own;

/* Looks at the end of the topic, where the group's position may be past it: of a log at once, else
   in a thread of its own that waits for the bus. config's `wanted` is not used. */
struct own *own_open(struct store *store, const struct bus_config *config, const char *group);
/* Waits a second or two where it still looks. */
void own_close(struct own **own);

/* One that a reader passes. Any thread. */
void own_hear(struct own *own, const struct bus_sign *sign);
/* Renews the store, if it has to be. Cheap; to be called again and again. Any thread but the
   store's writer. */
void own_check(struct own *own);

#endif
