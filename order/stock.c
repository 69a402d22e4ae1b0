#include "order/stock.h"

#include "order/order.h"

/* The part of an inventory that matters here. */
struct supply {
        struct row row;
        struct nullable_int stock; /* null counts as 0, as in product */
};

static const struct field supply_fields[] = {{"stock", FIELD_INT32, offsetof(struct supply, stock)},
                                             {NULL}};
static const struct shape supply_shape = {supply_fields, sizeof(struct supply)};

const struct setting stock_settings[] = {
        {"stock-check-url", SETTING_TEXT, NULL, NULL, NULL,
         "where product is, http://product:8080: it is asked for the stock before an order is "
         "accepted; unset: it is not asked"},
        {"stock-check-timeout", SETTING_DURATION, "1s", NULL, NULL,
         "for product's whole answer to that question", 10, 8000},
        {"stock-check-failure", SETTING_CHOICE, "accept", NULL, NULL,
         "what an order gets when product is away, slow or not understood: 201 as without the "
         "question (accept), or 503 (refuse)",
         .choices = "accept|refuse"},
        {"stock-check-pause", SETTING_DURATION, "5s", NULL, NULL,
         "how long product is not asked once half of the last 10 to 20 questions failed (a "
         "breaker); 0: it is always asked",
         0, 600000},
        {"stock-check-most", SETTING_NUMBER, "64", NULL, NULL,
         "questions at a time; an order above is treated as if product was away", 1, 1000},
        {NULL},
};

/* NULL for an order that moves no stock. */
static const char *product_of(const void *row)
{
        const struct order *order = row;

        return order->qty.known && order->qty.value > 0 ? order->product_id : NULL;
}

/* If product does not know the product, the order is accepted and moves no stock, as without the
   question. */
static bool is_enough(const void *row, const void *found, struct error *error)
{
        const struct order *order = row;
        const struct supply *supply = found;

        if (!supply || supply->stock.value >= order->qty.value)
                return true;
        return error_set(
                error, ERROR_CONFLICT, "there are %lld of product %.100s in stock, not %lld",
                (long long)supply->stock.value, order->product_id, (long long)order->qty.value);
}

const struct inquiry_question stock_question = {
        .name = "stock-check",
        .collection = "inventories",
        .search = "findByProductId",
        .member = "productId",
        .unasked = "product could not be asked for the stock",
        .answer = &supply_shape,
        .about = product_of,
        .allows = is_enough,
};
