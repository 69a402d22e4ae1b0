/* fault_command - what `fault list`, `fault add` and `fault clear` have in common. */
#ifndef MALLCTL_FAULT_COMMAND_H
#define MALLCTL_FAULT_COMMAND_H

#include "mallctl/reach.h"

enum { EXIT_REFUSED = 1 };

/* One of the three, once the listeners can be reached; gives its exit code. */
struct fault_work {
        const char *command; /* "fault add" */
        const struct config *config;
        const struct reach *reach;
        struct admin_client *admin;
        struct arena *arena;
        const char *json; /* add: the fault */
        const char *path; /* clear: what is deleted */
};

/* Finds the listeners, does the work and ends what that needed. */
int fault_work(struct fault_work *work, int (*run)(struct fault_work *work));

/* Says on stderr why one listener did not do it; gives EXIT_REFUSED. */
int fault_trouble(const struct fault_work *work, const struct admin_listener *listener,
                  const char *why);

#endif
