/* delivery - what is on its way to a customer, and the ledger of the orders that were heard of. */
#ifndef DELIVERY_DELIVERY_H
#define DELIVERY_DELIVERY_H

#include "data/entity.h"
#include "event/event.h"

struct delivery {
        struct row row;
        const char *order_id;
        struct nullable_int qty;
        const char *product_id;
        const char *status;
        const char *customer_id;
        const char *order_source; /* the store that gave order_id; NULL: made by hand */
};

/* One row for each order that was heard of. At most one delivery comes from an order, none if it
   was canceled first. An order is known by (source, id), so that the orders of a store that begins
   anew are not taken for earlier ones. */
struct dispatch {
        struct row row;
        const char *order_source; /* "" for producers without CloudEvents headers */
        struct nullable_int order_id;
        struct nullable_int canceled; /* 1: by OrderCanceled */
        struct nullable_int at;       /* the event's timestamp, Unix ms */
};

extern const struct entity delivery_entity;
extern const struct entity dispatch_entity;
extern const struct reaction delivery_policy[];

enum { DELIVERY_BY_ORDER };
enum { DISPATCH_BY_ORDER };

#endif
