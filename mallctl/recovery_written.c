/* What a restored store gets. */
#include "mallctl/recovery.h"

#include "data/table.h"

#include <stdlib.h>
#include <string.h>

static bool count(struct recovery *r, const char *table, int64_t id, int rows)
{
        static const char block[] =
                "INSERT INTO blocks (name, block, slot, rows) VALUES (?, ?, 0, ?)"
                " ON CONFLICT (name, block, slot) DO UPDATE SET rows = blocks.rows + excluded.rows";
        static const char total[] =
                "INSERT INTO sequences (name, slot, last, rows) VALUES (?, 0, 0, ?)"
                " ON CONFLICT (name, slot) DO UPDATE SET rows = sequences.rows + excluded.rows";
        struct statement *s = db_prepare(r->db, block, r->error);

        if (!s)
                return false;
        bind_text(s, 1, table);
        bind_int(s, 2, id / TABLE_BLOCK);
        bind_int(s, 3, rows);
        if (!statement_run(s, r->error) || !(s = db_prepare(r->db, total, r->error)))
                return false;
        bind_text(s, 1, table);
        bind_int(s, 2, rows);
        return statement_run(s, r->error);
}

static void bind_member(struct statement *s, int parameter, const struct json *value, bool is_qty)
{
        bool is_known = value && (value->type == JSON_NUMBER || value->type == JSON_STRING);

        if (is_qty && is_known && value->type == JSON_NUMBER)
                bind_int(s, parameter, json_whole(value, 0));
        else if (!is_qty && is_known)
                bind_text(s, parameter, value->text);
        else
                bind_null(s, parameter);
}

static bool insert(struct recovery *r, const struct lost *lost)
{
        const struct recovered *k = r->kind;
        struct statement *s = db_prepare(r->db, k->insert, r->error);

        if (!s)
                return false;
        bind_int(s, 1, lost->id);
        for (int i = 0; i < RECOVERED_COLUMNS; i++)
                bind_member(s, i + 2, json_member(lost->body, k->members[i]),
                            strcmp(k->members[i], "qty") == 0);
        if (k->has_order)
                bind_text(s, RECOVERED_COLUMNS + 2, lost->order_source);
        return statement_run(s, r->error) && count(r, k->rows, lost->id, 1);
}

/* delivery's ledger: that order has had its delivery. */
static bool note_dispatch(struct recovery *r, const struct lost *lost)
{
        static const char next_shared[] = "SELECT nextval('dispatches_ids')";
        static const char next_alone[] =
                "SELECT 1 + max(coalesce((SELECT max(last) FROM sequences WHERE name = "
                "'dispatches'), 0), coalesce((SELECT max(id) FROM dispatches), 0))";
        static const char sql[] =
                "INSERT INTO dispatches (id, version, \"orderSource\", \"orderId\", canceled, "
                "\"at\") VALUES (?, 0, ?, ?, 0, ?) ON CONFLICT DO NOTHING";
        const struct json *order = json_member(lost->body, "orderId");
        struct statement *s;
        int64_t id = 0;

        if (!lost->order_source || !order || order->type != JSON_STRING)
                return true; /* it was made by hand */
        s = db_prepare(r->db, db_is_shared(r->db) ? next_shared : next_alone, r->error);
        if (!s || !statement_number(s, &id, r->error) || !(s = db_prepare(r->db, sql, r->error)))
                return false;
        bind_int(s, 1, id);
        bind_text(s, 2, lost->order_source);
        bind_int(s, 3, strtoll(order->text, NULL, 10));
        bind_int(s, 4, lost->at);
        if (!statement_run(s, r->error))
                return false;
        return !db_changes(r->db) || count(r, "dispatches", id, 1);
}

/* The ledger knows the order of a delivery that was removed, too: it gets no other one. */
static bool take_back(struct recovery *r)
{
        for (size_t i = 0; i < r->lost.count; i++) {
                const struct lost *lost = rows_at(&r->lost, i);
                bool known = false;

                if (r->kind->has_order && !note_dispatch(r, lost))
                        return false;
                if (rows_find(&r->ended, lost->id))
                        continue;
                if (!recovery_knows(r, lost->id, &known)) /* the event may be there twice */
                        return false;
                if (known)
                        continue;
                if (!insert(r, lost))
                        return false;
                r->taken++;
        }
        return true;
}

static bool remove_ended(struct recovery *r)
{
        for (size_t i = 0; i < r->ended.count; i++) {
                const int64_t *id = rows_at(&r->ended, i);
                struct statement *s = db_prepare(r->db, r->kind->remove, r->error);

                if (!s)
                        return false;
                bind_int(s, 1, *id);
                if (!statement_run(s, r->error))
                        return false;
                if (!db_changes(r->db))
                        continue;
                if (!count(r, r->kind->rows, *id, -1))
                        return false;
                r->removed++;
        }
        return true;
}

bool recovery_write(struct recovery *r)
{
        return take_back(r) && remove_ended(r);
}
