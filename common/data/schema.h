/* schema - numbered migrations, each once, in its own transaction, recorded in the table
   `migrations`.

   Two lists: the library's own tables (outbox, inbox, ...) as SQL in schema.c, and the service's,
   which follow from its field tables: migration N makes the tables and adds the columns with
   `since` N.

   A store that a newer program migrated is refused, unless older programs can live with all that
   is new there (`older` in schema.c): so a rollout can be undone. */
#ifndef DATA_SCHEMA_H
#define DATA_SCHEMA_H

#include "data/db.h"
#include "data/entity.h"

/* service: its name; entities ends with NULL. */
bool schema_migrate(struct db *db, const char *service, const struct entity *const *entities,
                    struct error *error);

#endif
