/* up_table - what is said at the end of the start: where everything listens, and what to try. */
#ifndef MALLCTL_UP_TABLE_H
#define MALLCTL_UP_TABLE_H

#include "base/text.h"
#include "mallctl/up_plan.h"

#include <sys/types.h>

/* pids: of each daemon. store, bus: their URLs, as the environment has them; NULL: ours. */
void up_table_write(const struct up_plan *plan, const pid_t *pids, const char *store,
                    const char *bus, struct text *out);

#endif
