/* service - a service is data and one call: a table of what things are, a table of what to do when
   something happened elsewhere. */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include "base/config.h"
#include "data/entity.h"
#include "event/event.h"
#include "service/admission.h"

struct metrics;

struct service {
        const char *name; /* also its consumer group and the name of its store */
        const char *summary;
        int port;                             /* on one machine; 8080 in a container */
        const struct entity *const *entities; /* ends with NULL; the first is its resource */
        const struct reaction *reactions;
        const struct event_type *const *says; /* events beside those said of its rows; ends with
                                                 NULL; NULL: none */
        const struct setting *settings;       /* its own; ends with a NULL name; NULL: none */
        /* Opens the admission of its resource (admission.h); NULL: it has none. If it returns NULL
           with an error, the start fails; without an error, nothing is asked. */
        struct admission *(*admission)(const struct config *config, struct metrics *metrics,
                                       struct error *error);
};

/* The whole main(): runs until SIGTERM; returns the exit code. */
int service_main(const struct service *service, int argc, char **argv);

#endif
