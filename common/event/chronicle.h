/* chronicle - what is remembered of one subject (recent.h), in order of time.

   The subject's events name it by their key. Numbers are used again when a store is made anew, so
   the newest subject of that number is taken, and what is of another store, or older, is left out.
   Events that name something else by their key are found by the trace, and by the cause where they
   say it. */
#ifndef EVENT_CHRONICLE_H
#define EVENT_CHRONICLE_H

#include "event/recent.h"

enum { CHRONICLE_MOST = 1000 /* events */ };

struct chronicle {
        struct arena *arena;
        struct recent_event events[CHRONICLE_MOST]; /* their lines are copies */
        size_t count;                               /* 0: nothing is remembered */
        size_t bytes;                               /* of their lines */
};

/* All in the arena. */
struct chronicle *chronicle_of(struct recent *recent, int64_t subject, struct arena *arena);

/* The event with which the subject began; NULL: it is not remembered. */
const struct recent_event *chronicle_beginning(const struct chronicle *chronicle);
/* The event from which another one of its trace followed; NULL: none of these. */
const struct recent_event *chronicle_cause(const struct chronicle *chronicle,
                                           const struct recent_event *event);

#endif
