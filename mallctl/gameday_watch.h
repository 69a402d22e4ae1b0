/* gameday_watch - looks at a mall's actuators once a second during a game day, and remembers of
   each check what it is about. */
#ifndef MALLCTL_GAMEDAY_WATCH_H
#define MALLCTL_GAMEDAY_WATCH_H

#include "mallctl/gameday.h"

/* Where a service shows its metrics and its readiness; it may have several places. */
struct gameday_place {
        const char *service, *url;
};

struct gameday_watch;

/* What one check has seen. */
struct gameday_seen {
        bool shown;               /* the service has such a metric */
        bool now;                 /* it showed it in the last look */
        bool absent;              /* it answered once without showing it */
        double first, most, last; /* the sum over the service's places */
        int ready, not_ready;     /* looks at its readiness */
};

/* What waits in the mall; -1: nobody shows it. */
struct gameday_waiting {
        double outbox, lag;
};

/* places: they and what they point to must live on. */
struct gameday_watch *gameday_watch_open(const struct gameday *day,
                                         const struct gameday_place *places, size_t count);
void gameday_watch_close(struct gameday_watch **watch);

/* One look, now. False: a place does not show its metrics, and the error says which. Not while the
   watch runs by itself. */
bool gameday_watch_look(struct gameday_watch *watch, struct error *error);
/* After a look: what is odd about the metric of a check, or NULL (gameday_plan_doubt). */
const char *gameday_watch_doubt(struct gameday_watch *watch, size_t check, struct arena *arena);
/* A look a second, on a thread of its own, from begin to end. */
void gameday_watch_begin(struct gameday_watch *watch);
void gameday_watch_end(struct gameday_watch *watch);

/* Any time. check: its place among the day's. */
struct gameday_seen gameday_watch_seen(struct gameday_watch *watch, size_t check);
struct gameday_waiting gameday_watch_waiting(struct gameday_watch *watch);

#endif
