#include "audit/balance.h"

/* The events of other implementations name no store. */
static void know_strangers(const struct books *books, struct topic *topic)
{
        if (!books->order_is_ours)
                topic->order_source = "";
        if (!books->delivery_is_ours)
                topic->delivery_source = "";
}

static enum delivery_origin origin_of(const struct topic *topic, int64_t delivery)
{
        const struct announced *started = topic_find(topic, DELIVERY_STARTED, delivery);

        if (!started)
                return ORIGIN_UNKNOWN;
        return topic_is_from_order(topic, started) ? ORIGIN_ORDER : ORIGIN_OTHER;
}

/* horizon: of Orderplaced */
static enum delivery_origin origin_at_strangers(const struct topic *topic, int64_t order,
                                                int64_t horizon)
{
        return order >= horizon && !topic_count(topic, ORDER_PLACED, order) ? ORIGIN_OTHER
                                                                            : ORIGIN_UNKNOWN;
}

/* The order store that its delivery is for, by its DeliveryStarted. */
static void mark_origins(struct books *books, const struct topic *topic)
{
        int64_t horizon = topic_horizon(topic, ORDER_PLACED);

        for (size_t i = 0; i < books->deliveries.count; i++) {
                struct delivery_row *d = rows_at(&books->deliveries, i);

                d->origin = books->delivery_is_ours ? origin_of(topic, d->id)
                                                    : origin_at_strangers(topic, d->order, horizon);
        }
}

static void leave_movements(const struct books *books, struct verdict *v)
{
        struct arena *arena = v->arena;

        if (books->deliveries.count || books->inventories.count)
                verdict_leave(
                        v,
                        "what %s moved, and the stock of %s: product has no /movements, it is not "
                        "this mall's",
                        verdict_count(arena, books->deliveries.count, "delivery", "deliveries"),
                        verdict_count(arena, books->inventories.count, "product", "products"));
}

void balance_check(struct books *books, struct topic *topic, struct verdict *verdict)
{
        if (topic) {
                know_strangers(books, topic);
                mark_origins(books, topic);
        }
        balance_orders(books, topic, verdict);
        if (books->has_movements) {
                balance_deliveries(books, topic, verdict);
                balance_stocks(books, verdict);
        } else {
                leave_movements(books, verdict);
        }
        if (topic)
                balance_topic(books, topic, verdict);
}
