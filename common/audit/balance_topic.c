/* Rows against what was said of them. */
#include "audit/balance.h"

/* Orders and deliveries alike. */
struct side {
        const char *noun;
        enum saying begun, canceled;
        const char *begun_name, *canceled_name;
        size_t rows; /* offset in struct books */
};

static const struct side sides[] = {
        {"order", ORDER_PLACED, ORDER_CANCELED, "Orderplaced", "OrderCanceled",
         offsetof(struct books, orders)},
        {"delivery", DELIVERY_STARTED, DELIVERY_CANCELED, "DeliveryStarted", "DeliveryCanceled",
         offsetof(struct books, deliveries)},
};

static const struct rows *rows_of(const struct books *books, const struct side *side)
{
        return (const struct rows *)((const char *)books + side->rows);
}

static void check_rows(const struct books *books, const struct topic *t, const struct side *side,
                       struct verdict *v)
{
        const struct rows *rows = rows_of(books, side);
        int64_t horizon = topic_horizon(t, side->begun);

        for (size_t i = 0; i < rows->count; i++) {
                int64_t id = *(const int64_t *)rows_at(rows, i);
                size_t begun = topic_count(t, side->begun, id);

                if (!begun && id >= horizon)
                        verdict_add(v, side->noun, id, "%s %lld: no %s on the topic", side->noun,
                                    (long long)id, side->begun_name);
                if (begun > 1)
                        verdict_add(v, side->noun, id, "%s %lld: %zu different %s on the topic",
                                    side->noun, (long long)id, begun, side->begun_name);
                if (topic_count(t, side->canceled, id))
                        verdict_add(v, side->noun, id,
                                    "%s %lld: %s on the topic, but it is still there", side->noun,
                                    (long long)id, side->canceled_name);
        }
}

/* Rows that the topic says have begun and that are not there. */
static void check_events(const struct books *books, const struct topic *t, const struct side *side,
                         struct verdict *v)
{
        const struct rows *rows = rows_of(books, side);
        int64_t last = 0;

        for (size_t i = 0; i < t->events.count; i++) {
                const struct announced *s = rows_at(&t->events, i);

                if (s->saying != side->begun || s->id == last || !topic_is_of_now(t, s))
                        continue;
                last = s->id;
                if (!rows_find(rows, s->id) && !topic_count(t, side->canceled, s->id))
                        verdict_add(
                                v, side->noun, s->id,
                                "%s %lld: %s on the topic, but it is neither there nor canceled",
                                side->noun, (long long)s->id, side->begun_name);
        }
}

void balance_topic(struct books *books, const struct topic *topic, struct verdict *v)
{
        for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
                check_rows(books, topic, &sides[i], v);
                check_events(books, topic, &sides[i], v);
        }
}
