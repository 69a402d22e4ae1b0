/* up_ports - the ports of the daemons that are to be started: moved by NAME=PORT, and free. */
#ifndef MALLCTL_UP_PORTS_H
#define MALLCTL_UP_PORTS_H

#include "mallctl/up_plan.h"

/* list: "frontend=18080,order=18081", or NULL; then the ports that follow from these: admin,
   metrics. ERROR_BAD_INPUT names what is wrong. */
bool up_ports_set(struct up_plan *plan, const char *list, struct error *error);

/* What keeps the daemons from having their ports, each port on a line, with a way out; NULL:
   nothing does. */
const char *up_ports_trouble(const struct up_plan *plan);

#endif
