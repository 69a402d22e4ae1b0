/* outbox_rows - how records lie in the outbox's table of a store that belongs to one process.

   Those of one commit share rows, because each insert costs as much as all else that an event costs
   there. The functions run on the caller's connection, and where they write, in its transaction. */
#ifndef DATA_OUTBOX_ROWS_H
#define DATA_OUTBOX_ROWS_H

#include "data/outbox.h"

struct db;
struct statement;

/* Adds records whose ids grow, and are above all in the table. scratch: for what is needed
   meanwhile. */
bool outbox_rows_write(struct db *db, const struct outbox_record *records, size_t count,
                       struct arena *scratch, struct error *error);

/* A page as outbox_read has it. single: the table has a row for each record: that of a shared
   store, or of one that an older program made. */
bool outbox_rows_read(struct db *db, bool single, int64_t after, struct outbox_record *records,
                      size_t most, size_t *count, struct arena *arena, struct error *error);

/* All records, parked ones too; also of a store that is not migrated yet. False from `each` ends.
 */
bool outbox_rows_each(struct db *db, bool (*each)(void *arg, const struct outbox_record *record),
                      void *arg, struct arena *scratch, struct error *error);

/* Records that stay, because others of their row do. */
struct outbox_left {
        int64_t *ids; /* growing; room for all that are to be removed */
        size_t count;
};

/* Removes records; ids: growing. Where only some of a row's records are to go, the row is written
   anew if `split`, some MiB of rows a call; else they stay and are noted in `left`. */
bool outbox_rows_remove(struct db *db, const int64_t *ids, size_t count, bool split,
                        struct outbox_left *left, struct error *error);

/* Gives the record a row of its own, which says why it is parked. It can stand among those of
   another row, so a row must not be taken back by hand (parked = NULL). */
bool outbox_rows_park(struct db *db, int64_t id, const char *reason, struct arena *scratch,
                      struct error *error);

/* A row of id, topic, key, value, headers, at: one record. */
void outbox_record_read(struct statement *statement, struct outbox_record *record,
                        struct arena *arena);

#endif
