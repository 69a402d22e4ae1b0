#include "mallctl/balance.h"

/* Whose delivery it is, as its DeliveryStarted said. */
static void mark_origins(struct books *books, const struct topic *topic)
{
        for (size_t i = 0; i < books->deliveries.count; i++) {
                struct delivery_row *d = rows_at(&books->deliveries, i);
                const struct said *started = topic_find(topic, DELIVERY_STARTED, d->id);

                if (started)
                        d->origin = topic_is_from_order(topic, started) ? ORIGIN_ORDER : ORIGIN_OTHER;
        }
}

void balance_check(struct books *books, const struct topic *topic, struct verdict *verdict)
{
        if (topic)
                mark_origins(books, topic);
        balance_orders(books, verdict);
        balance_deliveries(books, topic, verdict);
        balance_stocks(books, verdict);
        if (topic)
                balance_topic(books, topic, verdict);
}
