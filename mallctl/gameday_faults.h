/* gameday_faults - switches a game day's faults on at their times, and off.

   Each has its duration from the begin, so it ends by itself whatever becomes of this program. Only
   faults that were switched on here are taken back. */
#ifndef MALLCTL_GAMEDAY_FAULTS_H
#define MALLCTL_GAMEDAY_FAULTS_H

#include "mallctl/admin.h"
#include "mallctl/gameday.h"

struct gameday_faults;

/* listeners: all that there are. ERROR_BAD_INPUT: a fault's service is none of theirs. */
struct gameday_faults *gameday_faults_open(const struct gameday *day, struct admin_client *admin,
                                           const struct admin_listener *listeners, size_t count,
                                           struct error *error);
/* Before the begin: does each listener that is needed answer, and does it have the kinds? */
bool gameday_faults_check(struct gameday_faults *faults, struct error *error);
/* Switches on what is due so long after the begin, at every place of its service, and says so; says
   which have ended. */
bool gameday_faults_go_on(struct gameday_faults *faults, int64_t since_ms, struct error *error);
/* Takes back what may still be on; also after an interrupt. */
void gameday_faults_clear(struct gameday_faults *faults, int64_t since_ms);
void gameday_faults_close(struct gameday_faults **faults);

#endif
