#include "delivery/delivery.h"

static const struct field delivery_fields[] = {
        {"orderId", FIELD_TEXT, offsetof(struct delivery, order_id)},
        {"qty", FIELD_INT32, offsetof(struct delivery, qty), FIELD_NOT_NEGATIVE},
        {"productId", FIELD_TEXT, offsetof(struct delivery, product_id)},
        {"status", FIELD_TEXT, offsetof(struct delivery, status)},
        {"customerId", FIELD_TEXT, offsetof(struct delivery, customer_id)},
        {"orderSource", FIELD_TEXT, offsetof(struct delivery, order_source), FIELD_HIDDEN},
        {NULL},
};

static const struct field dispatch_fields[] = {
        {"orderSource", FIELD_TEXT, offsetof(struct dispatch, order_source)},
        {"orderId", FIELD_INT64, offsetof(struct dispatch, order_id)},
        {"canceled", FIELD_INT64, offsetof(struct dispatch, canceled)},
        {"at", FIELD_INT64, offsetof(struct dispatch, at)},
        {NULL},
};

static const struct lookup delivery_lookups[] = {
        [DELIVERY_BY_ORDER] = {"findByOrderId", {"orderId"}},
        {NULL, {NULL}},
};

static const struct lookup dispatch_lookups[] = {
        [DISPATCH_BY_ORDER] = {NULL, {"orderSource", "orderId"}, .unique = true},
        {NULL, {NULL}},
};

static const struct event_type delivery_started = {"DeliveryStarted", &delivery_entity.shape,
                                                   "orderId"};
static const struct event_type delivery_canceled = {"DeliveryCanceled", &delivery_entity.shape,
                                                    "orderId"};

const struct entity delivery_entity = {
        .item = "delivery",
        .collection = "deliveries",
        .shape = {delivery_fields, sizeof(struct delivery)},
        .lookups = delivery_lookups,
        .says_created = &delivery_started,
        .says_removed = &delivery_canceled,
};

const struct entity dispatch_entity = {
        .item = "dispatch",
        .collection = "dispatches",
        .shape = {dispatch_fields, sizeof(struct dispatch)},
        .lookups = dispatch_lookups,
        .internal = true,
};
