/* foresight - the rows of a shared store that a unit of work will look for, read before it runs.

   One question a row costs a round trip. So a unit of many steps, such as the inbox's, rehearses
   them first: a rehearsal changes nothing, finds nothing, and notes what is looked for. All of it
   is then asked at once, the rows are locked as if each had been read by itself, and the steps find
   them here. What the unit writes corrects it, and it ends with the unit. */
#ifndef DATA_FORESIGHT_H
#define DATA_FORESIGHT_H

#include "data/table.h"

struct foresight;

struct foresight *foresight_open(struct arena *arena);

/* which: a lookup's place, or TABLE_BY_ID. */
void foresight_note(struct foresight *foresight, const struct table *table, int which,
                    const char *const *values);
/* Asks for all that was noted; then reads the answers. */
bool foresight_ask(struct foresight *foresight, struct db *db, struct error *error);
bool foresight_read(struct foresight *foresight, struct db *db, struct error *error);

/* Whether it is known what such a look finds. *row is a copy; NULL: there is none. */
bool foresight_knows(struct foresight *foresight, const struct table *table, int which,
                     const char *const *values, void **row);
/* A row that was read to be changed. */
void foresight_learn(struct foresight *foresight, const struct table *table, int which,
                     const char *const *values, const void *row);

/* The unit added, saved or removed the row. */
void foresight_added(struct foresight *foresight, const struct table *table, const void *row);
void foresight_saved(struct foresight *foresight, const struct table *table, const void *row);
void foresight_removed(struct foresight *foresight, const struct table *table, int64_t id);

#endif
