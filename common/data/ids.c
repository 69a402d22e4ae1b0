/* Ids begin at 1, and no id is given twice. A store of one process counts them itself. For a
   shared store we ask the database's sequence. We fetch as many ids as the batch has jobs: one
   insert leaves no gap, a full batch costs one round trip. Ids that a batch does not use are
   given in the next one. A unit that is rolled back gives its ids back. */
#include "data/store_inside.h"

#include "base/arena.h"

#include <stdio.h>
#include <string.h>

enum { AT_ONCE_MOST = 512 };

void ids_begin(struct store *store, size_t jobs)
{
        store->batch_jobs = jobs;
        for (int i = 0; store->shared && i < store->table_count; i++) {
                struct id_stock *stock = &store->stocks[i];
                size_t given = store->sequences[i].given;

                if (given)
                        memmove(stock->ids, stock->ids + given,
                                (stock->count - given) * sizeof *stock->ids);
                stock->count -= given;
                store->sequences[i].given = store->written[i].given = 0;
        }
}

static bool ask(struct store *store, int table, size_t wanted, struct error *error)
{
        struct id_stock *stock = &store->stocks[table];
        struct statement *s = db_prepare(store->writer, store->tables[table]->ids, error);

        if (!s)
                return false;
        if (wanted > AT_ONCE_MOST)
                wanted = AT_ONCE_MOST;
        stock->ids =
                memory_reserve(stock->ids, &stock->room, stock->count + wanted, sizeof *stock->ids);
        stock->connection = db_connection(store->writer);
        bind_int(s, 1, (int64_t)wanted);
        return stock->is_asked = statement_ask(s, error);
}

static bool fetch(struct store *store, int table, struct error *error)
{
        struct id_stock *stock = &store->stocks[table];
        struct statement *s = db_prepare(store->writer, store->tables[table]->ids, error);
        enum db_step step;

        stock->is_asked = false;
        if (!s)
                return false;
        while ((step = statement_step(s, error)) == DB_ROW)
                stock->ids[stock->count++] = column_int(s, 0);
        if (step == DB_DONE)
                statement_reset(s);
        return step == DB_DONE;
}

/* Ids of another connection are not given. */
static struct id_stock *stock_of(struct store *store, int table)
{
        struct id_stock *stock = &store->stocks[table];

        if (stock->connection != db_connection(store->writer)) {
                stock->count = store->sequences[table].given = 0;
                stock->is_asked = false;
        }
        return stock;
}

bool ids_expect(struct store *store, int table, size_t count, struct error *error)
{
        struct id_stock *stock = stock_of(store, table);
        size_t given = store->sequences[table].given;

        /* those that an earlier unit did not read; they were answered with its questions */
        if (count > stock->count - given && stock->is_asked && !fetch(store, table, error))
                return false;
        return count <= stock->count - given ||
               ask(store, table, count - (stock->count - given), error);
}

int64_t ids_next(struct store *store, int table, struct error *error)
{
        struct sequence *sequence = &store->sequences[table];
        struct id_stock *stock;
        size_t wanted;

        if (!store->shared)
                return ++sequence->last;
        stock = stock_of(store, table);
        wanted = stock->count > store->batch_jobs ? stock->count : store->batch_jobs;
        if (sequence->given == stock->count &&
            ((!stock->is_asked && !ask(store, table, wanted, error)) ||
             !fetch(store, table, error)))
                return 0;
        return stock->ids[sequence->given++];
}
