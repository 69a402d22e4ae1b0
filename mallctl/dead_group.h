/* dead_group - is there a group of that name? */
#ifndef MALLCTL_DEAD_GROUP_H
#define MALLCTL_DEAD_GROUP_H

#include "base/error.h"
#include "event/bus.h"

/* True where it has a topic of dead letters, or is one of the mall's services, which may have none
   yet. Else false and ERROR_NOT_FOUND with the groups that there are, or why they cannot be read.
 */
bool dead_group_is_there(const struct bus_config *bus, const char *group, struct error *error);

#endif
