/* An order placed starts a delivery; an order canceled, or one that product cannot serve, calls it
   back. */
#include "delivery/delivery.h"

#include <string.h>

struct placed_order {
        struct row row;
        const char *product_id;
        struct nullable_int qty;
        const char *customer_id;
};

static const struct field order_fields[] = {
        {"productId", FIELD_TEXT, offsetof(struct placed_order, product_id)},
        {"qty", FIELD_INT32, offsetof(struct placed_order, qty), FIELD_NOT_NEGATIVE},
        {"customerId", FIELD_TEXT, offsetof(struct placed_order, customer_id)},
        {NULL},
};

static const struct shape order_shape = {order_fields, sizeof(struct placed_order)};

/* The delivery that product speaks of: its id and the store that gave the id. */
struct refusal {
        struct row row;
        const char *delivery_source;
};

static const struct field refusal_fields[] = {
        {"deliverySource", FIELD_TEXT, offsetof(struct refusal, delivery_source), FIELD_HIDDEN},
        {NULL},
};

static const struct shape refusal_shape = {refusal_fields, sizeof(struct refusal)};

/* The ledger's row for that order; NULL: it was not heard of. */
static struct dispatch *dispatch_of(struct unit *unit, const struct event *event, int64_t order)
{
        return unit_find(unit, &dispatch_entity, DISPATCH_BY_ORDER, 0,
                         (struct key){event->source, order});
}

static void remember(struct unit *unit, const struct event *event, struct dispatch *known,
                     int64_t order, bool canceled)
{
        struct dispatch *d = known ? known : unit_new(unit, &dispatch_entity);

        d->order_source = event->source;
        d->order_id = some_int(order);
        d->canceled = some_int(canceled);
        d->at = some_int(event->timestamp);
        if (known)
                unit_save(unit, &dispatch_entity, d);
        else
                unit_add(unit, &dispatch_entity, d);
}

static void order_placed_start_delivery(struct unit *unit, const struct event *event)
{
        const struct placed_order *order = event_row(unit, event, &order_shape);
        struct delivery *d = unit_new(unit, &delivery_entity);
        struct dispatch *known;

        if (unit_failed(unit))
                return;
        known = dispatch_of(unit, event, order->row.id);
        if (known && !event_is_newer(event, known->at.value))
                return; /* it started one before, or was canceled first */
        remember(unit, event, known, order->row.id, false);
        d->order_id = unit_decimal(unit, order->row.id);
        d->qty = order->qty;
        d->product_id = order->product_id;
        d->customer_id = order->customer_id;
        d->status = "DeliveryStarted";
        d->order_source = event->source;
        unit_create(unit, &delivery_entity, d);
}

/* Deliveries made by hand for that order id belong to it; those of another store's order of the
   same id do not. */
static bool belongs_to(const struct delivery *d, const struct event *event)
{
        return !d->order_source || strcmp(d->order_source, event->source) == 0;
}

static void order_canceled_cancel_delivery(struct unit *unit, const struct event *event)
{
        const struct placed_order *order = event_row(unit, event, &order_shape);
        const struct key key = {.number = order->row.id};
        const struct delivery *d;
        struct dispatch *known;

        if (unit_failed(unit))
                return;
        known = dispatch_of(unit, event, order->row.id);
        if (known && (event_is_older(event, known->at.value) ||
                      (known->canceled.value && !event_is_newer(event, known->at.value))))
                return; /* it is about an earlier order of this id; or was canceled before, and the
                           event comes again after its identity was forgotten */
        remember(unit, event, known, order->row.id, true);
        for (d = unit_find(unit, &delivery_entity, DELIVERY_BY_ORDER, 0, key); d;
             d = unit_find(unit, &delivery_entity, DELIVERY_BY_ORDER, d->row.id, key))
                if (belongs_to(d, event))
                        unit_delete(unit, &delivery_entity, d);
}

static void out_of_stock_cancel_delivery(struct unit *unit, const struct event *event)
{
        const struct refusal *refused = event_row(unit, event, &refusal_shape);
        const struct delivery *d;

        if (unit_failed(unit) ||
            (refused->delivery_source && strcmp(refused->delivery_source, unit_source(unit)) != 0))
                return;
        d = unit_get(unit, &delivery_entity, refused->row.id);
        if (d)
                unit_delete(unit, &delivery_entity, d);
}

const struct reaction delivery_policy[] = {
        {"Orderplaced", order_placed_start_delivery},
        {"OrderCanceled", order_canceled_cancel_delivery},
        {"OutOfStock", out_of_stock_cancel_delivery},
        {NULL, NULL},
};
