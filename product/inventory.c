#include "product/inventory.h"

#include "base/config.h"

#include <string.h>

static const struct field inventory_fields[] = {
        {"productId", FIELD_TEXT, offsetof(struct inventory, product_id)},
        {"productName", FIELD_TEXT, offsetof(struct inventory, product_name)},
        {"stock", FIELD_INT32, offsetof(struct inventory, stock)},
        {NULL},
};

static const struct field movement_fields[] = {
        {"deliveryId", FIELD_INT64, offsetof(struct movement, delivery_id)},
        {"orderId", FIELD_TEXT, offsetof(struct movement, order_id)},
        {"productId", FIELD_TEXT, offsetof(struct movement, product_id)},
        {"inventory", FIELD_INT64, offsetof(struct movement, inventory)},
        {"qty", FIELD_INT64, offsetof(struct movement, qty)},
        {"reason", FIELD_TEXT, offsetof(struct movement, reason)},
        {NULL},
};

static const struct field taking_fields[] = {
        {"deliverySource", FIELD_TEXT, offsetof(struct taking, delivery_source)},
        {"deliveryId", FIELD_INT64, offsetof(struct taking, delivery_id)},
        {"inventory", FIELD_INT64, offsetof(struct taking, inventory)},
        {"qty", FIELD_INT64, offsetof(struct taking, qty)},
        {"canceled", FIELD_INT64, offsetof(struct taking, canceled)},
        {"at", FIELD_INT64, offsetof(struct taking, at)},
        {NULL},
};

static const struct lookup inventory_lookups[] = {
        [INVENTORY_BY_PRODUCT] = {"findByProductId", {"productId"}},
        {NULL, {NULL}},
};

static const struct lookup taking_lookups[] = {
        [TAKING_BY_DELIVERY] = {NULL, {"deliverySource", "deliveryId"}, .unique = true},
        {NULL, {NULL}},
};

static const struct event_type inventory_modified = {"InventoryModified", &inventory_entity.shape,
                                                     "productId"};

static bool oversell_is_allowed(const struct config *config)
{
        return strcmp(config_text(config, "oversell"), "allow") == 0;
}

bool may_oversell(struct unit *unit)
{
        return oversell_is_allowed(unit_config(unit));
}

void inventory_move(struct unit *unit, struct inventory *inventory, int64_t qty,
                    const struct movement *why)
{
        struct movement *m = unit_copy(unit, &movement_entity, why);

        inventory->stock = some_int(inventory->stock.value + qty);
        m->product_id = inventory->product_id;
        m->inventory = some_int(inventory->row.id);
        m->qty = some_int(qty);
        unit_add(unit, &movement_entity, m);
}

/* After a change over HTTP the stock is right already; only the movement is missing. */
static void note_movement(struct unit *unit, const struct inventory *inventory, int64_t qty,
                          const char *reason)
{
        struct inventory before = *inventory;

        if (qty)
                inventory_move(unit, &before, qty, &(struct movement){.reason = reason});
}

static void check_stock(struct unit *unit, const void *row)
{
        const struct inventory *i = row;

        if (i->stock.known && i->stock.value < 0 && !may_oversell(unit))
                unit_refuse(unit, ERROR_BAD_INPUT, "stock",
                            "stock must be a whole number from 0 to 2147483647, not %lld",
                            (long long)i->stock.value);
}

static void registered(struct unit *unit, void *row)
{
        struct inventory *i = row;

        note_movement(unit, i, i->stock.value, "registered");
}

static void changed(struct unit *unit, const void *before, void *after)
{
        const struct inventory *old = before;
        const struct inventory *i = after;

        note_movement(unit, i, i->stock.value - old->stock.value, "changed");
}

static void removed(struct unit *unit, const void *row)
{
        const struct inventory *i = row;

        note_movement(unit, i, -i->stock.value, "removed");
}

static const struct figure inventory_figures[] = {
        {{"mall_stock",
          "What is in stock of a product; of the first 100",
          METRIC_GAUGE,
          {"product"}},
         .by = "productId",
         .of = "stock"},
        {{"mall_products", "Products that are registered", METRIC_GAUGE, {NULL}}},
        {{NULL}},
};

const struct entity inventory_entity = {
        .item = "inventory",
        .collection = "inventories",
        .shape = {inventory_fields, sizeof(struct inventory)},
        .figures = inventory_figures,
        .lookups = inventory_lookups,
        .says_changed = &inventory_modified,
        .takes_negative = oversell_is_allowed,
        .check = check_stock,
        .created = registered,
        .changed = changed,
        .removed = removed,
};

const struct entity movement_entity = {
        .item = "movement",
        .collection = "movements",
        .shape = {movement_fields, sizeof(struct movement)},
        .read_only = true,
        .unlisted = true,
};

const struct entity taking_entity = {
        .item = "taking",
        .collection = "takings",
        .shape = {taking_fields, sizeof(struct taking)},
        .lookups = taking_lookups,
        .internal = true,
};
