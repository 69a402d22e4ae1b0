/* transition - the life of a row as a table: which status may follow which, and what is said then.
   The table is the entity's (`transitions` in entity.h).

   Each function takes a unit of work and refuses as the other functions of a unit do. */
#ifndef DATA_TRANSITION_H
#define DATA_TRANSITION_H

#include "data/unit.h"

/* ---- over HTTP; without transitions in the entity the first does nothing, the second is
   unit_update ---- */

/* Before a row is created: its status is where the first transition begins. Another one is 400. */
void transition_begin(struct unit *unit, const struct entity *entity, void *row);
/* Stores a row that differs from the stored one, `before`: along a transition, whose event is said.
   A status that is unknown, or another member that differs, is 400; a known status to which none
   leads from here is 409. */
void transition_update(struct unit *unit, const struct entity *entity, const void *before,
                       void *row);

/* ---- for reactions ---- */

/* Gives the row that status, stores it and says the event. False where no transition leads there
   from its status: then nothing is done. */
bool transition_to(struct unit *unit, const struct entity *entity, void *row, const char *status);

#endif
