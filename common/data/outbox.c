#include "data/outbox.h"

#include "data/store_inside.h"

enum { REMOVE_AT_ONCE = 1000 };

void outbox_on_commit(struct store *store, void (*committed)(void *arg, struct outbox_batch *batch), void *arg)
{
        pthread_mutex_lock(&store->lock);
        store->committed = committed;
        store->committed_arg = arg;
        pthread_mutex_unlock(&store->lock);
}

static char *copy_bytes(struct statement *s, int column, size_t *len, struct arena *arena)
{
        const void *bytes = column_bytes(s, column, len);

        return bytes ? arena_copy(arena, bytes, *len) : NULL;
}

void outbox_record_read(struct statement *s, struct outbox_record *r, struct arena *arena)
{
        size_t len;

        *r = (struct outbox_record){.id = column_int(s, 0), .at = column_int(s, 5)};
        r->topic = arena_string(arena, column_text(s, 1));
        r->key = copy_bytes(s, 2, &len, arena);
        r->value = copy_bytes(s, 3, &r->value_len, arena);
        r->headers = copy_bytes(s, 4, &r->headers_len, arena);
}

bool outbox_read(struct store *store, int64_t after, struct outbox_record *records, size_t most, size_t *count,
                 struct arena *arena, struct error *error)
{
        static const char sql[] = "SELECT id, topic, key, value, headers, at FROM outbox WHERE id > ? AND parked IS NULL"
                                  " ORDER BY id LIMIT ?";
        struct db *db = store_read_begin(store);
        struct statement *s = db_prepare(db, sql, error);
        enum db_step step = DB_FAILED;

        *count = 0;
        if (s) {
                bind_int(s, 1, after);
                bind_int(s, 2, (int64_t)most);
                while ((step = statement_step(s, error)) == DB_ROW)
                        outbox_record_read(s, &records[(*count)++], arena);
                if (step == DB_DONE)
                        statement_reset(s);
        }
        store_read_end(store, db);
        return step == DB_DONE;
}

void outbox_sent(struct store *store, int64_t id)
{
        int64_t before = atomic_load(&store->outbox_sent);

        while (before < id && !atomic_compare_exchange_weak(&store->outbox_sent, &before, id))
                ;
        if (before < id)
                atomic_store(&store->outbox_parked, 0);
}

/* Part of the next transaction, whatever it is about; many at a time, for each removal dirties pages of its own. */
bool outbox_remove_sent(struct store *store, bool few_too, struct error *error)
{
        int64_t sent = atomic_load(&store->outbox_sent);
        struct statement *s;

        if (store->shared || sent - store->outbox_removed < (few_too ? 1 : REMOVE_AT_ONCE))
                return true;
        s = db_prepare(store->writer, "DELETE FROM outbox WHERE id <= ? AND parked IS NULL", error);
        if (!s)
                return false;
        bind_int(s, 1, sent);
        store->outbox_removing = sent;
        return statement_send(s, error);
}

static int64_t count_rows(struct store *store)
{
        static const char sql[] = "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE parked IS NULL LIMIT 100000) waiting";
        struct db *db = store_read_begin(store);
        struct error ignored;
        struct statement *s = db_prepare(db, sql, &ignored);
        int64_t rows = 0;

        if (s)
                statement_number(s, &rows, &ignored);
        store_read_end(store, db);
        return rows;
}

int64_t outbox_pending(struct store *store)
{
        int64_t last = atomic_load(&store->outbox_last), sent = atomic_load(&store->outbox_sent), from = atomic_load(&store->ids_from);
        int64_t before = atomic_load(&store->outbox_before), waiting = 0;

        if (store->shared)
                return count_rows(store);
        if (last > from)
                waiting += last - (sent > from ? sent : from);
        if (sent < from && sent < before)
                waiting += before - sent;
        return waiting - atomic_load(&store->outbox_parked);
}

struct parking {
        const struct outbox_record *record;
        const char *reason;
};

static void park(struct unit *unit, void *arg)
{
        struct parking *p = arg;
        bool shared = unit->store->shared;
        const char *sql = shared ? "UPDATE outbox SET parked = ? WHERE id = ? AND part = ?" : "UPDATE outbox SET parked = ? WHERE id = ?";
        struct statement *s = db_prepare(unit->store->writer, sql, &unit->error);

        if (!s)
                return;
        bind_text(s, 1, p->reason);
        bind_int(s, 2, p->record->id);
        if (shared)
                bind_int(s, 3, p->record->part);
        statement_run(s, &unit->error);
}

bool outbox_park(struct store *store, const struct outbox_record *record, const char *reason, struct error *error)
{
        struct arena *arena = arena_open();
        struct parking p = {.record = record, .reason = reason};
        bool parked = store_run(store, park, &p, arena, error);

        arena_close(&arena);
        if (parked)
                atomic_fetch_add(&store->outbox_parked, 1);
        return parked;
}

static void remove_few(struct unit *unit, void *arg)
{
        (void)arg;
        outbox_remove_sent(unit->store, true, &unit->error);
}

void outbox_sweep(struct store *store)
{
        struct arena *arena = arena_open();
        struct error ignored;

        store_run(store, remove_few, NULL, arena, &ignored);
        arena_close(&arena);
}
