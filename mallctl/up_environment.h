/* up_environment - what each daemon gets of our environment, and what it must know of the others.

   A variable that nobody knows goes to all of them, so that they warn of it. One that only other
   daemons know is left out. What a person set is stronger than what we say. */
#ifndef MALLCTL_UP_ENVIRONMENT_H
#define MALLCTL_UP_ENVIRONMENT_H

#include "mallctl/up_plan.h"

/* The names of the variables in `environment` that cannot be the same for all daemons, ended by
   NULL. They are not passed on. */
const char *const *up_environment_left_out(struct arena *arena, char *const *environment);

/* The value; NULL where it is unset or empty, which is the same to a daemon. */
const char *up_environment_value(char *const *environment, const char *name);

/* Ended by NULL; lives in the plan's arena. */
char **up_environment(const struct up_plan *plan, const struct up_daemon *daemon,
                      char *const *environment);

#endif
