/* books - what the three services show over HTTP, as far as an audit needs it.

   Each list is read page by page, in the order of the ids. Rows that are created or deleted
   meanwhile can be missed, or be in one list and not in the other. So an audit is a verdict only on
   a mall at rest.

   A service may be another implementation, as Spring's, which shows the same rows and no more: no
   status that follows the deliveries, no /movements. /openapi.json tells which it is. */
#ifndef AUDIT_BOOKS_H
#define AUDIT_BOOKS_H

#include "audit/rows.h"
#include "base/arena.h"
#include "base/error.h"

/* Where a delivery comes from. HTTP does not show it, the topic does. */
enum delivery_origin {
        ORIGIN_UNKNOWN,
        ORIGIN_ORDER, /* from the Orderplaced of the order whose id it has */
        ORIGIN_OTHER, /* made by hand, or from an order of an earlier store */
};

/* Text is NULL for null, numbers are 0. */
struct order_row {
        int64_t id;
        const char *status;
};

struct delivery_row {
        int64_t id;
        int64_t order; /* 0: no order has such an id */
        int64_t qty;
        const char *product, *customer, *status;
        enum delivery_origin origin;
};

struct inventory_row {
        int64_t id;
        int64_t stock;
        const char *product;
};

enum reason { REASON_HTTP, REASON_TAKEN, REASON_GIVEN_BACK };

struct movement_row {
        int64_t id;
        int64_t delivery, order; /* 0: none */
        int64_t inventory;
        int64_t qty;
        enum reason reason;
};

struct books {
        size_t most;              /* bytes of all rows; set it and `stop` before they are read */
        const _Atomic bool *stop; /* set: reading ends; NULL: never */
        size_t kept;              /* bytes of all rows, roughly; never more than `most` */
        struct arena *arena;      /* for the texts */
        struct rows orders, deliveries, inventories, movements;
        bool order_is_ours, delivery_is_ours;
        bool has_movements;
};

/* URLs of the services, without a slash at the end. */
struct books_places {
        const char *order, *delivery, *product;
};

/* Each list comes sorted by id. False: a service cannot be read, and the error says which and
   why. */
bool books_read(struct books *books, const struct books_places *places, struct error *error);
void books_close(struct books *books);

/* "17" of an order or a delivery that could have it; 0 for anything else. */
int64_t books_id(const char *text);

#endif
