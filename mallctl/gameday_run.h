/* gameday_run - a game day from its begin to its verdict, on a mall that runs. */
#ifndef MALLCTL_GAMEDAY_RUN_H
#define MALLCTL_GAMEDAY_RUN_H

#include "mallctl/admin.h"
#include "mallctl/gameday.h"
#include "mallctl/gameday_judge.h"
#include "mallctl/gameday_watch.h"

struct gameday_mall {
        const char *gateway; /* URL */
        const char *product; /* a productId that is there; NULL: one is made */
        struct audit_places books;
        struct admin_client *admin;
        const struct admin_listener *listeners;
        size_t listener_count;
        const struct gameday_place *actuators;
        size_t actuator_count;
};

/* Prints what happens, a line a second, and the verdict. Gives the exit code: 0, 1, 3; 2 where the
   day names a service that the mall does not have. */
int gameday_run(const struct gameday *day, const struct gameday_mall *mall, struct arena *arena);

#endif
