/* A delivery started takes stock, a delivery canceled gives back what it took. The stock never goes
   below zero. */
#include "product/inventory.h"

#include "base/log.h"

#include <stdatomic.h>
#include <string.h>

struct delivery {
        struct row row;
        const char *order_id;
        struct nullable_int qty;
        const char *product_id;
        const char *order_source;
};

static const struct field delivery_fields[] = {
        {"orderId", FIELD_TEXT, offsetof(struct delivery, order_id)},
        {"qty", FIELD_INT32, offsetof(struct delivery, qty), FIELD_NOT_NEGATIVE},
        {"productId", FIELD_TEXT, offsetof(struct delivery, product_id)},
        {"orderSource", FIELD_TEXT, offsetof(struct delivery, order_source), FIELD_HIDDEN},
        {NULL},
};

static const struct shape delivery_shape = {delivery_fields, sizeof(struct delivery)};

/* OutOfStock. The row's id is the delivery's. */
struct shortage {
        struct row row;
        const char *order_id, *product_id;
        struct nullable_int qty, stock;
        const char *order_source, *delivery_source;
};

static const struct field shortage_fields[] = {
        {"orderId", FIELD_TEXT, offsetof(struct shortage, order_id)},
        {"productId", FIELD_TEXT, offsetof(struct shortage, product_id)},
        {"qty", FIELD_INT32, offsetof(struct shortage, qty)},
        {"stock", FIELD_INT32, offsetof(struct shortage, stock)},
        {"orderSource", FIELD_TEXT, offsetof(struct shortage, order_source), FIELD_HIDDEN},
        {"deliverySource", FIELD_TEXT, offsetof(struct shortage, delivery_source), FIELD_HIDDEN},
        {NULL},
};

static const struct shape shortage_shape = {shortage_fields, sizeof(struct shortage)};
static const struct event_type out_of_stock = {"OutOfStock", &shortage_shape, "orderId"};

const struct event_type *const product_says[] = {&out_of_stock, NULL};

static struct taking *taking_of(struct unit *unit, const struct event *event, int64_t delivery)
{
        return unit_find(unit, &taking_entity, TAKING_BY_DELIVERY, 0,
                         (struct key){event->source, delivery});
}

static void remember(struct unit *unit, const struct event *event, struct taking *known,
                     const struct taking *now)
{
        struct taking *t = unit_copy(unit, &taking_entity, now);

        t->delivery_source = event->source;
        t->at = some_int(event->timestamp);
        if (known) {
                t->row = known->row;
                unit_save(unit, &taking_entity, t);
        } else {
                unit_add(unit, &taking_entity, t);
        }
}

static struct inventory *inventory_of(struct unit *unit, const char *product_id)
{
        if (!product_id)
                return NULL;
        return unit_find(unit, &inventory_entity, INVENTORY_BY_PRODUCT, 0,
                         (struct key){product_id});
}

static bool fits_int32(int64_t stock)
{
        return stock >= INT32_MIN && stock <= INT32_MAX;
}

static void move_and_say(struct unit *unit, struct inventory *inventory, int64_t qty,
                         const struct movement *why)
{
        if (!fits_int32(inventory->stock.value + qty)) {
                unit_refuse(unit, ERROR_BAD_INPUT, "qty", "stock %lld and qty %lld go beyond int32",
                            (long long)inventory->stock.value, (long long)qty);
                return;
        }
        inventory_move(unit, inventory, qty, why);
        unit_update(unit, &inventory_entity, inventory);
}

/* A delivery service whose events name no store does not hear OutOfStock: its delivery stays.
   Logged once. */
static void warn_of_deaf_delivery(const struct event *event)
{
        static atomic_flag warned = ATOMIC_FLAG_INIT;

        if (!event->source[0] && !atomic_flag_test_and_set(&warned))
                log_write(LOG_WARN,
                          "OutOfStock was said of a delivery whose events have no CloudEvents "
                          "headers, as Spring's: its service does not hear that,"
                          " and the delivery stays without stock. MALL_OVERSELL=allow lets it have "
                          "the stock, below zero, as the reference"
                          " does. Said once.",
                          NULL);
}

static void say_out_of_stock(struct unit *unit, const struct event *event, const struct delivery *d,
                             const struct inventory *inventory)
{
        struct shortage s = {
                .row.id = d->row.id,
                .order_id = d->order_id,
                .product_id = d->product_id,
                .qty = d->qty,
                .stock = {true, inventory->stock.value},
                .order_source = d->order_source,
                .delivery_source = event->source, /* "" names no store, so that no other delivery of
                                                     the same id is called back */
        };

        unit_announce(unit, &out_of_stock, &s);
        warn_of_deaf_delivery(event);
}

/* Nothing of no inventory, so that the books tell it from a delivery that we did not hear of. */
static void note_unknown_product(struct unit *unit, const struct event *event,
                                 const struct delivery *d)
{
        unit_add(unit, &movement_entity,
                 unit_copy(unit, &movement_entity,
                           &(struct movement){.delivery_id = {true, d->row.id},
                                              .order_id = d->order_id,
                                              .product_id = d->product_id,
                                              .qty = {true, 0},
                                              .reason = event->type}));
}

static void delivery_started_take_stock(struct unit *unit, const struct event *event)
{
        const struct delivery *d = event_row(unit, event, &delivery_shape);
        struct taking now = {.delivery_id = {true, d->row.id}};
        struct inventory *inventory;
        struct taking *known;

        if (unit_failed(unit) || !d->qty.value)
                return;
        known = taking_of(unit, event, d->row.id);
        if (known && !event_is_newer(event, known->at.value))
                return; /* it took its stock before, or was canceled first */
        inventory = inventory_of(unit, d->product_id);
        if (inventory && inventory->stock.value < d->qty.value && !may_oversell(unit)) {
                say_out_of_stock(unit, event, d, inventory);
        } else if (inventory) {
                now.inventory = some_int(inventory->row.id);
                now.qty = d->qty;
                move_and_say(unit, inventory, -d->qty.value,
                             &(struct movement){.delivery_id = {true, d->row.id},
                                                .order_id = d->order_id,
                                                .reason = event->type});
        } else if (d->product_id) {
                note_unknown_product(unit, event, d);
        }
        remember(unit, event, known, &now);
}

static void delivery_canceled_give_back(struct unit *unit, const struct event *event)
{
        const struct delivery *d = event_row(unit, event, &delivery_shape);
        struct taking now = {.delivery_id = {true, d->row.id}, .canceled = {true, 1}};
        struct inventory *inventory = NULL;
        struct taking *known;

        if (unit_failed(unit))
                return;
        known = taking_of(unit, event, d->row.id);
        if (known && (event_is_older(event, known->at.value) ||
                      (known->canceled.value && !event_is_newer(event, known->at.value))))
                return; /* it is about an earlier delivery of this id; or was given back before */
        if (known && known->qty.value)
                inventory = unit_get(unit, &inventory_entity, known->inventory.value);
        if (inventory) /* else it took nothing, or the inventory is gone: there is nothing to give
                          back to */
                move_and_say(unit, inventory, known->qty.value,
                             &(struct movement){.delivery_id = {true, d->row.id},
                                                .order_id = d->order_id,
                                                .reason = event->type});
        remember(unit, event, known, &now);
}

const struct reaction product_policy[] = {
        {"DeliveryStarted", delivery_started_take_stock},
        {"DeliveryCanceled", delivery_canceled_give_back},
        {NULL, NULL},
};
