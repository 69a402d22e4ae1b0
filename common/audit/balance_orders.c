/* Orders against deliveries. */
#include "audit/balance.h"

#include <string.h>

static const char started[] = "DeliveryStarted", out_of_stock[] = "OutOfStock";

/* The deliveries of one order id: a span of them, sorted as below. */
struct group {
        const struct rows *deliveries;
        size_t first, end;
};

static const struct delivery_row *member(const struct group *g, size_t i)
{
        return rows_at(g->deliveries, i);
}

static int compare_texts(const char *a, const char *b)
{
        if (!a || !b)
                return (a != NULL) - (b != NULL);
        return strcmp(a, b);
}

static int compare_members(const struct delivery_row *a, const struct delivery_row *b)
{
        int order = (a->order > b->order) - (a->order < b->order);

        if (!order)
                order = compare_texts(a->product, b->product);
        if (!order)
                order = (a->qty > b->qty) - (a->qty < b->qty);
        return order ? order : compare_texts(a->customer, b->customer);
}

/* By order, those that are alike side by side. */
static int compare_deliveries(const void *a, const void *b)
{
        int order = compare_members(a, b);

        return order ? order : rows_by_id(a, b);
}

static bool is_from_order(const struct delivery_row *d)
{
        return d->origin == ORIGIN_ORDER ||
               (d->origin == ORIGIN_UNKNOWN && d->status && strcmp(d->status, started) == 0);
}

/* "20" or "20, 21": those from the order; "" when there is none. */
static const char *open_ones(const struct group *g, struct arena *arena)
{
        struct text ids = text_open(arena, 30);

        for (size_t i = g->first; i < g->end; i++)
                if (is_from_order(member(g, i)))
                        text_printf(&ids, "%s%lld", ids.len ? ", " : "",
                                    (long long)member(g, i)->id);
        return ids.at;
}

/* A delivery of the order, of any status. */
static bool may_have_one(const struct group *g)
{
        for (size_t i = g->first; i < g->end; i++)
                if (member(g, i)->origin != ORIGIN_OTHER)
                        return true;
        return false;
}

/* Two deliveries from one Orderplaced. */
static void check_twins(const struct group *g, struct verdict *v)
{
        const struct delivery_row *before = NULL, *d;

        for (size_t i = g->first; i < g->end; i++) {
                d = member(g, i);
                if (!is_from_order(d))
                        continue;
                if (before && compare_members(before, d) == 0)
                        verdict_add(v, "order", d->order,
                                    "order %lld: two deliveries from it, %lld and %lld",
                                    (long long)d->order, (long long)before->id, (long long)d->id);
                before = d;
        }
}

static void check_order(const struct order_row *o, const struct group *g, struct verdict *v)
{
        long long id = o->id;
        const char *open;

        arena_reset(v->scratch);
        open = open_ones(g, v->scratch);
        if (!o->status && *open)
                verdict_add(v, "order", id, "order %lld: no status yet, with delivery %s there", id,
                            open);
        else if (!o->status)
                verdict_add(v, "order", id, "order %lld: no delivery yet", id);
        else if (strcmp(o->status, out_of_stock) == 0 && *open)
                verdict_add(v, "order", id, "order %lld: OutOfStock, with delivery %s still there",
                            id, open);
        else if (strcmp(o->status, started) == 0 && !*open && !may_have_one(g))
                verdict_add(v, "order", id,
                            "order %lld: DeliveryStarted, but its delivery is not there", id);
}

/* The deliveries from g's end on that are of that order; without any: an empty group. */
static void group_move(struct group *g, int64_t order)
{
        g->first = g->end;
        while (g->end < g->deliveries->count && member(g, g->end)->order == order)
                g->end++;
}

static void check_without_order(const struct group *g, struct verdict *v)
{
        const char *open;

        arena_reset(v->scratch);
        open = open_ones(g, v->scratch);
        if (*open)
                verdict_add(v, "order", member(g, g->first)->order,
                            "order %lld: deleted, with delivery %s still there",
                            (long long)member(g, g->first)->order, open);
}

/* Groups of orders that are not there, up to that order. */
static void check_until(struct group *g, int64_t order, struct verdict *v)
{
        while (g->end < g->deliveries->count && member(g, g->end)->order < order) {
                group_move(g, member(g, g->end)->order);
                if (member(g, g->first)->order == 0)
                        continue; /* made by hand, for nobody */
                check_without_order(g, v);
                check_twins(g, v);
        }
}

/* ---- orders of others, whose status follows nothing ---- */

struct strangers {
        const struct topic *topic; /* NULL: none */
        struct rows started;       /* int64_t, sorted: orders for which a delivery was started */
        int64_t horizon;           /* of Orderplaced */
        size_t unknown;            /* orders of which nobody can tell whether they had one */
};

static struct strangers strangers_open(const struct books *books, const struct topic *topic)
{
        struct strangers s = {.topic = topic, .started = rows_open(sizeof(int64_t))};

        for (size_t i = 0; topic && i < topic->events.count; i++) {
                const struct announced *one = rows_at(&topic->events, i);

                if (one->saying == DELIVERY_STARTED &&
                    (!books->delivery_is_ours || topic_is_from_order(topic, one)))
                        *(int64_t *)rows_add(&s.started) = one->order;
        }
        rows_sort(&s.started, rows_by_id);
        s.horizon = topic ? topic_horizon(topic, ORDER_PLACED) : 0;
        return s;
}

static void check_stranger(const struct order_row *o, const struct group *g, struct strangers *s,
                           struct verdict *v)
{
        if (may_have_one(g))
                return;
        if (!s->topic)
                s->unknown++;
        else if (o->id >= s->horizon && !rows_find(&s->started, o->id))
                verdict_add(v, "order", o->id, "order %lld: no delivery yet", (long long)o->id);
}

static void leave_strangers(const struct books *books, const struct strangers *s, struct verdict *v)
{
        struct arena *arena = v->arena;

        if (books->orders.count)
                verdict_leave(v,
                              "the status of %s: by its /openapi.json order is not this mall's, "
                              "and its status follows nothing",
                              verdict_count(arena, books->orders.count, "order", "orders"));
        if (s->unknown)
                verdict_leave(v,
                              "whether %s without a delivery had one: only the topic tells (--bus)",
                              verdict_count(arena, s->unknown, "order", "orders"));
}

/* ---- all ---- */

void balance_orders(struct books *books, const struct topic *topic, struct verdict *v)
{
        struct group g = {&books->deliveries, 0, 0};
        struct strangers strangers = strangers_open(books, books->order_is_ours ? NULL : topic);

        rows_sort(&books->deliveries, compare_deliveries);
        for (size_t i = 0; i < books->orders.count; i++) {
                const struct order_row *o = rows_at(&books->orders, i);

                check_until(&g, o->id, v);
                group_move(&g, o->id);
                if (books->order_is_ours)
                        check_order(o, &g, v);
                else
                        check_stranger(o, &g, &strangers, v);
                check_twins(&g, v);
        }
        check_until(&g, INT64_MAX, v);
        rows_sort(&books->deliveries, rows_by_id);
        if (!books->order_is_ours)
                leave_strangers(books, &strangers, v);
        rows_close(&strangers.started);
}
