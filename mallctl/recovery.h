/* recovery - what a store that was restored from a backup takes back: the rows that it lost, from
   its own events, which the topic still has.

   A row and the event that says it commit together, so the topic knows each order and each
   delivery that was made since the backup, and each that was removed.

   THREADS  one
   ERRORS   each call says false and why in .error; the caller rolls back then */
#ifndef MALLCTL_RECOVERY_H
#define MALLCTL_RECOVERY_H

#include "audit/rows.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "data/db.h"
#include "event/bus.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RECOVERED_COLUMNS = 5 };

/* Whose rows come back: what says that one began and that it ended, and how one is written. The
   members are the event's and the columns' names; the last column is the order's store. */
struct recovered {
        const char *service, *rows, *begun, *ended;
        const char *find, *remove, *insert;
        const char *members[RECOVERED_COLUMNS];
        bool has_order; /* it has a ledger of the orders that it served, too */
};

/* A row of which the store knows nothing. */
struct lost {
        int64_t id, at;
        const struct json *body;
        const char *order_source; /* NULL: none */
};

struct recovery {
        struct db *db;                /* in a transaction */
        const struct recovered *kind; /* NULL: a service without such rows */
        const char *source;           /* "/order/UUID" */
        struct arena *arena, *scratch;
        struct rows lost;  /* struct lost */
        struct rows ended; /* int64_t: ids of rows that were removed, sorted */
        size_t read, taken, removed;
        struct error *error;
        bool failed;
};

/* Whose store it is: .source and .kind. */
bool recovery_begin(struct recovery *r);

/* Has the store that row? */
bool recovery_knows(struct recovery *r, int64_t id, bool *known);

/* Reads the topic through: .lost and .ended. */
bool recovery_hear(struct recovery *r, const struct bus_config *bus);

/* Writes what was lost, removes what had ended, and counts both: .taken and .removed. */
bool recovery_write(struct recovery *r);

#endif
