/* lookout - follows the bus into memory (recent.h), on a thread of its own.

   It looks on and must not slow what it looks at: it takes what came in portions, with a pause
   between, and the bus lets it skip ahead where it is too far behind. */
#ifndef EVENT_LOOKOUT_H
#define EVENT_LOOKOUT_H

#include "event/bus.h"
#include "event/recent.h"

struct lookout;

struct lookout_config {
        struct bus_config bus;
        int64_t last; /* begins with so many events, and is never farther behind */
        struct recent *recent;
        /* Both on its thread: for each event, and a few times a second in any case;
           passed_over: how many events it has skipped so far. */
        void (*seen)(void *arg, const struct sighting *sighting);
        void (*round)(void *arg, bool something_came, int64_t passed_over);
        void *arg;
};

/* Returns when the past is read, so that who asks first finds it, or after 2 s. */
struct lookout *lookout_open(const struct lookout_config *config, struct error *error);
void lookout_close(struct lookout **lookout);

#endif
