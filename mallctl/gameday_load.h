/* gameday_load - orders for a game day: so many a second, each at its time, whether or not earlier
   ones were answered (an open system: Schroeder, Wierman, Harchol-Balter, NSDI 2006).

   Each order has an Idempotency-Key and is sent once: what is not answered with 201 has failed, for
   its client. Where all clients wait for answers, orders are left out and counted. */
#ifndef MALLCTL_GAMEDAY_LOAD_H
#define MALLCTL_GAMEDAY_LOAD_H

#include "mallctl/gameday.h"

struct gameday_load;

enum { MOST_REASONS = 8 };

struct gameday_orders {
        size_t acknowledged, failed, left_out;
        size_t unnamed; /* acknowledged, but the answer has no id */
        size_t reasons;
        struct {
                char why[120];
                size_t count;
        } failures[MOST_REASONS]; /* the last one counts all others */
};

/* Counts one that failed, by its reason. */
void gameday_orders_failed(struct gameday_orders *orders, const char *why);

/* Begins at once. gateway: its URL; product: a productId. */
struct gameday_load *gameday_load_open(const struct gameday *day, const char *gateway,
                                       const char *product);
void gameday_load_count(struct gameday_load *load, struct gameday_orders *orders);
/* No more orders. Waits for the answers, half a minute at most, or until the command is
   interrupted. */
void gameday_load_end(struct gameday_load *load);
/* Of the acknowledged ones; after gameday_load_end. */
const int64_t *gameday_load_ids(const struct gameday_load *load, size_t *count);
void gameday_load_close(struct gameday_load **load);

#endif
