/* order - what a customer ordered. */
#ifndef ORDER_ORDER_H
#define ORDER_ORDER_H

#include "data/entity.h"
#include "event/event.h"

struct order {
        struct row row;
        const char *product_id, *product_name;
        struct nullable_int qty;
        const char *customer_id;
        const char *status; /* follows the events; NULL before the first */
};

extern const struct entity order_entity;
extern const struct reaction order_policy[];

#endif
