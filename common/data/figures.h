/* figures - what metrics tell of a store's rows: the gauges that its entities list (struct figure),
   and the sessions of a PostgreSQL.

   A thread of its own looks at the store each 15 s; a scrape shows what it saw last, and nothing
   before its first look or while the store is away. It reads portions of 20,000 rows, and rests 20
   times as long as each took: so it takes 5 % of a core at most, however many rows there are, and
   holds a read connection for milliseconds. A store of this process alone is looked at again only
   after a commit. Processes that share a store tell the same, each for itself.

   Label values are bounded: 20 of a member by which rows are counted, the rest is "other"; 100 rows
   of a member that is told, those with the lowest ids. null is "none"; of a text that is longer
   than 64 letters the first 64 count. */
#ifndef DATA_FIGURES_H
#define DATA_FIGURES_H

#include "base/metrics.h"
#include "data/store.h"

extern const struct metric_family store_families[]; /* of a PostgreSQL */

struct figures;

struct figures_config {
        struct store *store;     /* outlives the figures */
        struct metrics *metrics; /* the same */
        int every_ms, portion;   /* tests only; 0: 15 s, 20,000 rows */
};

struct figures *figures_open(const struct figures_config *config);
/* Waits for the portion under way. */
void figures_close(struct figures **figures);

#endif
