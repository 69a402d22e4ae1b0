/* up_run - starts the daemons of a plan, passes their lines on, and ends all of them together.

   One thread, which starts the daemons and so must stay: they get SIGTERM when it ends, also by
   kill -9. It is fit to be the first process of a container: it takes SIGTERM, SIGINT and SIGHUP,
   and waits for every child, its own or not. */
#ifndef MALLCTL_UP_RUN_H
#define MALLCTL_UP_RUN_H

#include "mallctl/up_plan.h"

/* From now on the signals wait until up_run takes them. */
void up_run_hold_signals(void);

/* Until a signal came and all of them ended; the exit code: 0 if all of them ended well, 1 if one
   died, was not ready or ended badly, which was said. */
int up_run(const struct up_plan *plan);

#endif
