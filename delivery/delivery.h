/* delivery - what is on its way to a customer, and the ledger of which order started what. */
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
        const char *order_source; /* whose id order_id is; NULL: made by hand */
};

/* One line an order that was heard of: at most one delivery comes from it, none when it was
   canceled first. An order is (source, id), so that an order store that begins anew does not
   collide with its past. */
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
