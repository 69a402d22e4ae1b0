#include "data/outbox.h"

#include "data/store_inside.h"

#include <stdlib.h>

/* Records that one commit removes; the rest waits for the next. */
enum { REMOVE_AT_ONCE = 1000, REMOVE_MOST = 8000 };

void outbox_batches_free(struct outbox_batch *batches)
{
        for (struct outbox_batch *b = batches, *next; b; b = next) {
                next = b->next;
                arena_close(&b->arena);
                free(b);
        }
}

void outbox_on_commit(struct store *store, void (*committed)(void *arg, struct outbox_batch *batch),
                      void *arg)
{
        pthread_mutex_lock(&store->outbox.telling);
        store->outbox.committed = committed;
        store->outbox.committed_arg = arg;
        pthread_mutex_unlock(&store->outbox.telling);
}

/* The lock is held while `committed` runs, so that the listener may be freed once it has called
   outbox_on_commit(NULL). */
bool outbox_hand_over(struct store *store, struct outbox_batch *batch)
{
        bool told;

        pthread_mutex_lock(&store->outbox.telling);
        told = store->outbox.committed != NULL;
        if (told)
                store->outbox.committed(store->outbox.committed_arg, batch);
        pthread_mutex_unlock(&store->outbox.telling);
        return told;
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

bool outbox_read(struct store *store, int64_t after, struct outbox_record *records, size_t most,
                 size_t *count, struct arena *arena, struct error *error)
{
        static const char sql[] = "SELECT id, topic, key, value, headers, at FROM outbox WHERE id "
                                  "> ? AND parked IS NULL"
                                  " ORDER BY id LIMIT ?";
        struct db *db = store_read_begin(store);
        struct statement *s = db_prepare(db, sql, error);
        enum db_step step = DB_FAILED;

        *count = 0;
        if (s) {
                size_t bytes = 0;

                bind_int(s, 1, after);
                bind_int(s, 2, (int64_t)most);
                while (bytes < OUTBOX_PAGE && (step = statement_step(s, error)) == DB_ROW) {
                        outbox_record_read(s, &records[*count], arena);
                        bytes += outbox_record_bytes(&records[(*count)++]);
                }
                if (step != DB_FAILED)
                        statement_reset(s);
        }
        store_read_end(store, db);
        return step != DB_FAILED;
}

size_t outbox_sent(struct store *store, const int64_t *ids, size_t count)
{
        struct outbox_state *o = &store->outbox;
        size_t all;

        pthread_mutex_lock(&o->lock);
        o->sent = memory_reserve(o->sent, &o->sent_room, o->sent_count + count, sizeof *o->sent);
        for (size_t i = 0; i < count; i++)
                o->sent[o->sent_count++] = ids[i];
        all = atomic_load(&o->removed) + o->sent_count;
        pthread_mutex_unlock(&o->lock);
        atomic_fetch_sub(&o->waiting, (int64_t)count);
        return all;
}

size_t outbox_removed(struct store *store)
{
        return atomic_load(&store->outbox.removed);
}

static int compare_ids(const void *a, const void *b)
{
        int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

        return (one > other) - (one < other);
}

/* Most ids are consecutive, so they are removed as ranges. */
static bool remove_ids(struct db *db, int64_t *ids, size_t count, struct error *error)
{
        struct statement *s = db_prepare(db, "DELETE FROM outbox WHERE id BETWEEN ? AND ?", error);
        bool good = s != NULL;

        qsort(ids, count, sizeof *ids, compare_ids);
        for (size_t i = 0, first; i < count && good; i++) {
                for (first = i; i + 1 < count && ids[i + 1] == ids[i] + 1; i++)
                        ;
                bind_int(s, 1, ids[first]);
                bind_int(s, 2, ids[i]);
                good = statement_run(s, error);
        }
        return good;
}

/* A part of the next transaction, whatever that is about. Many at a time, because each removal
   dirties pages of its own. */
bool outbox_remove_sent(struct store *store, bool few_too, struct error *error)
{
        struct outbox_state *o = &store->outbox;
        int64_t *ids = NULL;
        size_t count;
        bool done;

        pthread_mutex_lock(&o->lock);
        count = o->sent_count < REMOVE_MOST ? o->sent_count : REMOVE_MOST;
        if (count >= (few_too ? 1 : REMOVE_AT_ONCE)) {
                ids = memory_alloc(count * sizeof *ids);
                memcpy(ids, o->sent, count * sizeof *ids);
        }
        pthread_mutex_unlock(&o->lock);
        if (!ids)
                return true;
        o->removing = count;
        done = remove_ids(store->writer, ids, count, error);
        free(ids);
        return done;
}

void outbox_commit_ended(struct store *store, bool done)
{
        struct outbox_state *o = &store->outbox;

        if (done && o->removing) {
                pthread_mutex_lock(&o->lock);
                o->sent_count -= o->removing;
                memmove(o->sent, o->sent + o->removing, o->sent_count * sizeof *o->sent);
                atomic_fetch_add(&o->removed, o->removing);
                pthread_mutex_unlock(&o->lock);
        }
        o->removing = 0;
}

static int64_t count_rows(struct store *store, const char *sql)
{
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
        if (store->shared)
                return count_rows(store, "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE parked "
                                         "IS NULL LIMIT 100000) waiting");
        return atomic_load(&store->outbox.waiting);
}

int64_t outbox_pending_elsewhere(struct store *store)
{
        return count_rows(store, "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE parked IS NULL "
                                 "AND topic IS NOT NULL LIMIT 100000) waiting");
}

struct parking {
        const struct outbox_record *record;
        const char *reason;
};

static void park(struct unit *unit, void *arg)
{
        struct parking *p = arg;
        bool shared = unit->store->shared;
        const char *sql = shared ? "UPDATE outbox SET parked = ? WHERE id = ? AND part = ?"
                                 : "UPDATE outbox SET parked = ? WHERE id = ?";
        struct statement *s = db_prepare(unit->store->writer, sql, &unit->error);

        if (!s)
                return;
        bind_text(s, 1, p->reason);
        bind_int(s, 2, p->record->id);
        if (shared)
                bind_int(s, 3, p->record->part);
        statement_run(s, &unit->error);
}

bool outbox_park(struct store *store, const struct outbox_record *record, const char *reason,
                 struct error *error)
{
        struct arena *arena = arena_open();
        struct parking p = {.record = record, .reason = reason};
        bool parked = store_run(store, park, &p, arena, error);

        arena_close(&arena);
        if (parked)
                atomic_fetch_sub(&store->outbox.waiting, 1);
        return parked;
}

static void remove_few(struct unit *unit, void *arg)
{
        (void)arg;
        outbox_remove_sent(unit->store, true, &unit->error);
}

bool outbox_sweep(struct store *store)
{
        struct arena *arena = arena_open();
        struct error ignored;
        bool done = store_run(store, remove_few, NULL, arena, &ignored);

        arena_close(&arena);
        return done;
}
