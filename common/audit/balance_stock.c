/* Deliveries against movements, and movements against stocks. */
#include "audit/balance.h"

#include <stdlib.h>
#include <string.h>

/* The movements of one delivery id: a span of them, sorted by it. */
struct moved {
        const struct rows *movements;
        size_t first, end;
        size_t taken, given; /* how often */
        int64_t order;       /* 0: none */
        bool has_inventory;  /* what was taken has a place to be given back to */
};

static int compare_movements(const void *a, const void *b)
{
        const struct movement_row *left = a, *right = b;
        int order = (left->delivery > right->delivery) - (left->delivery < right->delivery);

        return order ? order : rows_by_id(a, b);
}

static const struct movement_row *member(const struct moved *m, size_t i)
{
        return rows_at(m->movements, i);
}

/* The movements from m's end on that are of that delivery. */
static void moved_move(struct moved *m, int64_t delivery, const struct books *books)
{
        *m = (struct moved){.movements = m->movements, .first = m->end, .end = m->end};
        for (; m->end < m->movements->count && member(m, m->end)->delivery == delivery; m->end++) {
                const struct movement_row *one = member(m, m->end);

                m->taken += one->reason == REASON_TAKEN;
                m->given += one->reason == REASON_GIVEN_BACK;
                m->order = one->order;
                m->has_inventory |= rows_find(&books->inventories, one->inventory) != NULL;
        }
}

/* "31" or "31, 32" */
static const char *movement_ids(const struct moved *m, enum reason reason, struct arena *arena)
{
        struct text ids = text_open(arena, 30);

        for (size_t i = m->first; i < m->end; i++)
                if (member(m, i)->reason == reason)
                        text_printf(&ids, "%s%lld", ids.len ? ", " : "",
                                    (long long)member(m, i)->id);
        return ids.at;
}

/* "delivery 20 of order 17" */
static const char *delivery_name(int64_t id, int64_t order, struct arena *arena)
{
        return order ? arena_printf(arena, "delivery %lld of order %lld", (long long)id,
                                    (long long)order)
                     : arena_printf(arena, "delivery %lld", (long long)id);
}

/* ---- known products ---- */

static int compare_products(const void *a, const void *b)
{
        const struct inventory_row *left = a, *right = b;

        if (!left->product || !right->product)
                return (left->product != NULL) - (right->product != NULL);
        return strcmp(left->product, right->product);
}

/* A copy of the inventories, sorted by product. */
static struct rows products_of(const struct books *books)
{
        struct rows products = rows_open(sizeof(struct inventory_row));

        for (size_t i = 0; i < books->inventories.count; i++)
                *(struct inventory_row *)rows_add(&products) =
                        *(const struct inventory_row *)rows_at(&books->inventories, i);
        rows_sort(&products, compare_products);
        return products;
}

static bool is_known(const struct rows *products, const char *product)
{
        struct inventory_row wanted = {.product = product};

        return product && products->count &&
               bsearch(&wanted, products->at, products->count, products->size, compare_products);
}

/* ---- deliveries ---- */

/* others: how many deliveries of earlier stores had its id */
static void check_delivery(const struct delivery_row *d, bool takes, size_t others,
                           const struct moved *m, struct verdict *v)
{
        struct arena *arena = v->scratch;

        arena_reset(arena);
        if (takes && !m->taken)
                verdict_add(v, "delivery", d->id, "%s: no movement, though its product %s is known",
                            delivery_name(d->id, d->order, arena),
                            verdict_visible(arena, d->product));
        if (m->taken > 1 + others)
                verdict_add(v, "delivery", d->id, "%s: took stock more than once, by movements %s",
                            delivery_name(d->id, d->order, arena),
                            movement_ids(m, REASON_TAKEN, arena));
        if (m->given > others)
                verdict_add(v, "delivery", d->id,
                            "%s: is there, but movement %s gave back what it took",
                            delivery_name(d->id, d->order, arena),
                            movement_ids(m, REASON_GIVEN_BACK, arena));
}

static void check_gone(int64_t delivery, size_t others, const struct moved *m, struct verdict *v)
{
        struct arena *arena = v->scratch;
        const char *name;

        arena_reset(arena);
        name = delivery_name(delivery, m->order, arena);
        if (m->taken > 1 + others)
                verdict_add(v, "delivery", delivery,
                            "%s: took stock more than once, by movements %s", name,
                            movement_ids(m, REASON_TAKEN, arena));
        if (m->given > m->taken)
                verdict_add(v, "delivery", delivery,
                            "%s: gave back what it did not take, by movement %s", name,
                            movement_ids(m, REASON_GIVEN_BACK, arena));
        if (m->taken > m->given + others && m->has_inventory)
                verdict_add(v, "delivery", delivery,
                            "%s: is gone, but what movement %s took was not given back", name,
                            movement_ids(m, REASON_TAKEN, arena));
}

static size_t others_of(const struct topic *topic, int64_t delivery)
{
        return topic ? topic_count_others(topic, DELIVERY_STARTED, delivery) : 0;
}

/* Movements of deliveries that are not there, up to that delivery. */
static void check_until(struct moved *m, int64_t delivery, const struct books *books,
                        const struct topic *topic, struct verdict *v)
{
        while (m->end < m->movements->count && member(m, m->end)->delivery < delivery) {
                int64_t id = member(m, m->end)->delivery;

                moved_move(m, id, books);
                if (id)
                        check_gone(id, others_of(topic, id), m, v);
        }
}

void balance_deliveries(struct books *books, const struct topic *topic, struct verdict *v)
{
        struct moved m = {.movements = &books->movements};
        struct rows products = products_of(books);

        rows_sort(&books->movements, compare_movements);
        for (size_t i = 0; i < books->deliveries.count; i++) {
                const struct delivery_row *d = rows_at(&books->deliveries, i);

                check_until(&m, d->id, books, topic, v);
                moved_move(&m, d->id, books);
                check_delivery(d, d->qty > 0 && is_known(&products, d->product),
                               others_of(topic, d->id), &m, v);
        }
        check_until(&m, INT64_MAX, books, topic, v);
        rows_sort(&books->movements, rows_by_id);
        rows_close(&products);
}

/* ---- stocks ---- */

/* What the movements of one inventory come to. */
struct movement_sum {
        int64_t inventory;
        int64_t qty;
};

static int compare_inventories(const void *a, const void *b)
{
        const struct movement_row *left = a, *right = b;

        return (left->inventory > right->inventory) - (left->inventory < right->inventory);
}

static struct rows sums_of(struct books *books)
{
        struct rows sums = rows_open(sizeof(struct movement_sum));
        struct movement_sum *sum = NULL;

        rows_sort(&books->movements, compare_inventories);
        for (size_t i = 0; i < books->movements.count; i++) {
                const struct movement_row *m = rows_at(&books->movements, i);

                if (!sum || sum->inventory != m->inventory) {
                        sum = rows_add(&sums);
                        sum->inventory = m->inventory;
                }
                sum->qty += m->qty;
        }
        rows_sort(&books->movements, rows_by_id);
        return sums;
}

void balance_stocks(struct books *books, struct verdict *v)
{
        struct rows sums = sums_of(books);

        for (size_t i = 0; i < books->inventories.count; i++) {
                const struct inventory_row *one = rows_at(&books->inventories, i);
                const struct movement_sum *sum = rows_find(&sums, one->id);
                long long moved = sum ? sum->qty : 0;

                if (one->stock != moved)
                        verdict_add(v, "inventory", one->id,
                                    "inventory %lld of product %s: stock is %lld, but its "
                                    "movements sum to %lld",
                                    (long long)one->id,
                                    one->product ? verdict_visible(v->arena, one->product) : "null",
                                    (long long)one->stock, moved);
        }
        for (size_t i = 0; i < sums.count; i++) {
                const struct movement_sum *sum = rows_at(&sums, i);

                if (sum->qty && !rows_find(&books->inventories, sum->inventory))
                        verdict_add(v, "inventory", sum->inventory,
                                    "inventory %lld: is not there, but its movements sum to %lld",
                                    (long long)sum->inventory, (long long)sum->qty);
        }
        rows_close(&sums);
}
