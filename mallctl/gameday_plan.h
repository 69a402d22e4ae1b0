/* gameday_plan - what a game day would do, for people, and whether this mall has what it names. */
#ifndef MALLCTL_GAMEDAY_PLAN_H
#define MALLCTL_GAMEDAY_PLAN_H

#include "mallctl/admin.h"
#include "mallctl/gameday.h"

/* bus: whose events the audit reads too; NULL: of none */
void gameday_plan_print(const struct gameday *day, const char *bus, struct arena *arena);

/* Is each fault's service one of the listeners'? ERROR_BAD_INPUT at the file's line. */
bool gameday_plan_has_places(const struct gameday *day, const struct admin_listener *listeners,
                             size_t count, struct arena *arena, struct error *error);

/* Warns of metrics of the checks that their service does not show: a slip in a name would be seen
   at the end of the day only. Some counters are shown once they have counted; pages: of the places
   of the check's service, ended by NULL. NULL: it is shown, or may come later. */
const char *gameday_plan_doubt(struct arena *arena, const struct gameday_check *check,
                               const char *const *pages);

#endif
