/* inventory - what is in stock, every change of it, and the ledger of what each delivery took. */
#ifndef PRODUCT_INVENTORY_H
#define PRODUCT_INVENTORY_H

#include "data/entity.h"
#include "event/event.h"

struct inventory {
        struct row row;
        const char *product_id, *product_name;
        struct nullable_int stock;
};

/* A change of stock. An inventory's stock is the sum of its movements. */
struct movement {
        struct row row;
        struct nullable_int delivery_id; /* null for changes over HTTP */
        const char *order_id;
        const char *product_id;
        struct nullable_int inventory;
        struct nullable_int qty; /* added to the stock; below 0: taken */
        const char *reason;
};

/* What a delivery took. A delivery is known by (source, id), so that the deliveries of a store that
   begins anew take stock again. */
struct taking {
        struct row row;
        const char *delivery_source; /* "" for producers without CloudEvents headers */
        struct nullable_int delivery_id;
        struct nullable_int inventory; /* where from; null: nothing was taken */
        struct nullable_int qty;       /* what it took; 0 after that was given back */
        struct nullable_int canceled;  /* 1: it takes nothing any more */
        struct nullable_int at;        /* the event's timestamp, Unix ms */
};

extern const struct entity inventory_entity;
extern const struct entity movement_entity;
extern const struct entity taking_entity;
extern const struct event_type *const product_says[]; /* OutOfStock, which is about no row */
extern const struct reaction product_policy[];

enum { INVENTORY_BY_PRODUCT };
enum { TAKING_BY_DELIVERY };

bool may_oversell(struct unit *unit); /* MALL_OVERSELL=allow */

/* Changes the stock and writes the movement that says why; the inventory is not saved. */
void inventory_move(struct unit *unit, struct inventory *inventory, int64_t qty,
                    const struct movement *why);

#endif
