/* What an order's status becomes as its delivery goes on. */
#include "order/order.h"

#include <stdlib.h>
#include <string.h>

/* The part of what delivery and product say about an order that matters here. */
struct progress {
        struct row row;
        const char *order_id;
        const char *order_source; /* the store that gave the id; NULL: a delivery made by hand, or a
                                     producer without CloudEvents headers */
};

static const struct field progress_fields[] = {
        {"orderId", FIELD_TEXT, offsetof(struct progress, order_id)},
        {"orderSource", FIELD_TEXT, offsetof(struct progress, order_source), FIELD_HIDDEN},
        {NULL},
};

static const struct shape progress_shape = {progress_fields, sizeof(struct progress)};

/* The order that the event is about, if it is one of this store and still there. */
static struct order *order_of(struct unit *unit, const struct event *event)
{
        const struct progress *p = event_row(unit, event, &progress_shape);
        char *end;
        long long id;

        if (unit_failed(unit) || !p->order_id ||
            (p->order_source && strcmp(p->order_source, unit_source(unit)) != 0))
                return NULL;
        id = strtoll(p->order_id, &end, 10);
        return *end || id < 1 ? NULL : unit_get(unit, &order_entity, id);
}

static void set_status(struct unit *unit, struct order *order, const char *status)
{
        if (!order || (order->status && strcmp(order->status, status) == 0))
                return;
        order->status = status;
        unit_save(unit, &order_entity, order);
}

static void delivery_started(struct unit *unit, const struct event *event)
{
        set_status(unit, order_of(unit, event), "DeliveryStarted");
}

static void out_of_stock(struct unit *unit, const struct event *event)
{
        set_status(unit, order_of(unit, event), "OutOfStock");
}

/* If the delivery was called back because of OutOfStock, the order keeps that status. */
static void delivery_canceled(struct unit *unit, const struct event *event)
{
        struct order *order = order_of(unit, event);

        if (order && order->status && strcmp(order->status, "OutOfStock") == 0)
                return;
        set_status(unit, order, "DeliveryCanceled");
}

const struct reaction order_policy[] = {
        {"DeliveryStarted", delivery_started},
        {"OutOfStock", out_of_stock},
        {"DeliveryCanceled", delivery_canceled},
        {NULL, NULL},
};
