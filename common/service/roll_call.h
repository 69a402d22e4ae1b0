/* roll_call - asks other daemons how they are, by their actuators, all at once. */
#ifndef SERVICE_ROLL_CALL_H
#define SERVICE_ROLL_CALL_H

#include "base/json.h"
#include "service/fetch.h"

#include <stdatomic.h>

struct place {
        const char *name, *url;    /* "order", "http://localhost:8081" */
        const char *actuator;      /* where its actuator is: the url, or that with another port */
        atomic_bool hides_metrics; /* it said 404 to who asked, and has not been away since */
};

/* "order=http://localhost:8081,..." NULL and ERROR_BAD_INPUT where the list is none. The list ends
   with a NULL name. port: the actuators' own port, 0: none. */
struct place *places_read(struct arena *arena, const char *list, int port, struct error *error);

/* What one said of itself. NULL or -1: unknown. */
struct called {
        const char *status; /* "UP", "DOWN", "OUT_OF_SERVICE"; "AWAY": it did not answer */
        const char *why;    /* it is not UP */
        const char *version, *commit, *pod;
        const struct json *mall;   /* what its info has about it as a part of the mall */
        const struct json *faults; /* that are switched on there, an array; NULL: it says none */
        int64_t outbox, lag;       /* events that wait to be published, and to be heard */
};

/* Waits until each has answered, or the fetcher's deadline is over. One for each place, in their
   order, in the arena. Any thread, several at once. */
const struct called *roll_call(struct fetcher *fetcher, struct place *places, struct arena *arena);

#endif
