#include "order/order.h"

static const struct field order_fields[] = {
        {"productId", FIELD_TEXT, offsetof(struct order, product_id)},
        {"productName", FIELD_TEXT, offsetof(struct order, product_name)},
        {"qty", FIELD_INT32, offsetof(struct order, qty), FIELD_NOT_NEGATIVE},
        {"customerId", FIELD_TEXT, offsetof(struct order, customer_id)},
        {"status", FIELD_TEXT, offsetof(struct order, status)},
        {NULL},
};

static const char *const order_commands[] = {"order", "order cancel", NULL};

static const struct event_type order_placed = {"Orderplaced", &order_entity.shape, "id"};
static const struct event_type order_canceled = {"OrderCanceled", &order_entity.shape, "id"};

static const struct figure order_figures[] = {
        {{"mall_orders", "Orders by their status", METRIC_GAUGE, {"status"}}, .by = "status"},
        {{NULL}},
};

const struct entity order_entity = {
        .item = "order",
        .collection = "orders",
        .shape = {order_fields, sizeof(struct order)},
        .figures = order_figures,
        .commands = order_commands,
        .plain_post = "order",
        .says_created = &order_placed,
        .says_removed = &order_canceled,
};
