/* The number of rows is kept, not counted: of each table (`sequences`), and of each 4096 ids
   (`blocks`). A transaction sums up what came and went, and adds the sums once, as its last
   writes. Processes that share a store add in slots of their own; if two wrote the same counter,
   one would wait for the other's commit. */
#include "data/store_inside.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

void count_change(struct store *store, int table, int64_t id, int64_t rows)
{
        store->changes = memory_reserve(store->changes, &store->change_room,
                                        store->change_count + 1, sizeof *store->changes);
        store->changes[store->change_count++] = (struct change){table, id / TABLE_BLOCK, rows};
}

static int by_place(const void *a, const void *b)
{
        const struct change *x = a, *y = b;

        if (x->table != y->table)
                return x->table < y->table ? -1 : 1;
        return x->block < y->block ? -1 : x->block > y->block;
}

static const char *name_of(struct store *store, int table)
{
        return table == STORE_OUTBOX ? "outbox" : store->tables[table]->entity->collection;
}

static bool write_block(struct store *store, const struct change *c, struct error *error)
{
        static const char sql[] =
                "INSERT INTO blocks (name, block, slot, rows) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (name, block, slot) DO UPDATE SET rows = blocks.rows + excluded.rows";
        struct statement *s = db_prepare(store->writer, sql, error);

        if (!s || !c->rows)
                return s != NULL;
        bind_text(s, 1, name_of(store, c->table));
        bind_int(s, 2, c->block);
        bind_int(s, 3, store->slot);
        bind_int(s, 4, c->rows);
        return statement_send(s, error);
}

static bool write_total(struct store *store, int table, int64_t rows, struct error *error)
{
        static const char sql[] =
                "INSERT INTO sequences (name, slot, last, rows) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (name, slot) DO UPDATE SET last = excluded.last, rows = "
                "sequences.rows + excluded.rows";
        struct statement *s;

        if (!rows && store->sequences[table].last == store->written[table].last)
                return true;
        if (!(s = db_prepare(store->writer, sql, error)))
                return false;
        bind_text(s, 1, name_of(store, table));
        bind_int(s, 2, store->slot);
        bind_int(s, 3, store->sequences[table].last);
        bind_int(s, 4, rows);
        return statement_send(s, error);
}

bool counts_write(struct store *store, struct error *error)
{
        size_t i = 0;

        if (store->change_count)
                qsort(store->changes, store->change_count, sizeof *store->changes, by_place);
        for (int table = 0; table <= STORE_OUTBOX; table++) {
                int64_t rows = 0;

                while (i < store->change_count && store->changes[i].table == table) {
                        struct change sum = store->changes[i++];

                        for (; i < store->change_count && by_place(&store->changes[i], &sum) == 0;
                             i++)
                                sum.rows += store->changes[i].rows;
                        if (!write_block(store, &sum, error))
                                return false;
                        rows += sum.rows;
                }
                if (!write_total(store, table, rows, error))
                        return false;
        }
        return true;
}

static struct statement *count_of(struct db *db, const struct entity *entity, struct error *error)
{
        static const char sql[] =
                "SELECT CAST(coalesce(sum(rows), 0) AS BIGINT) FROM sequences WHERE name = ?";
        struct statement *s = db_prepare(db, sql, error);

        if (s)
                bind_text(s, 1, entity->collection);
        return s;
}

bool store_count_ask(struct store *store, struct db *db, const struct entity *entity,
                     struct error *error)
{
        struct statement *s = count_of(db, entity, error);

        (void)store;
        return s && statement_ask(s, error);
}

bool store_count(struct store *store, struct db *db, const struct entity *entity, int64_t *rows,
                 struct error *error)
{
        struct statement *s = count_of(db, entity, error);

        (void)store;
        *rows = 0;
        return s && statement_number(s, rows, error);
}
