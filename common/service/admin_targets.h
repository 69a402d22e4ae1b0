/* admin_targets - does the target of a fault match anything here? A typing error in a path would
   else look like a mall that stands every fault. */
#ifndef SERVICE_ADMIN_TARGETS_H
#define SERVICE_ADMIN_TARGETS_H

#include "base/faults.h"

/* faults_check; the argument is the struct process. */
void admin_check_target(void *process, const struct fault *fault, struct text *why);

/* Is there a path that both templates match? {name} is one segment, ** at the end any rest. */
bool admin_templates_meet(const char *one, const char *other);

#endif
