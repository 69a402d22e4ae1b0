#include "data/outbox.h"

#include "data/outbox_rows.h"
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

bool outbox_read(struct store *store, int64_t after, struct outbox_record *records, size_t most,
                 size_t *count, struct arena *arena, struct error *error)
{
        struct db *db = store_read_begin(store);
        bool done = outbox_rows_read(db, store->shared, after, records, most, count, arena, error);

        store_read_end(store, db);
        return done;
}

/* What the open transaction announced, in a store of one process. */
bool outbox_write(struct store *store, struct error *error)
{
        return store->shared || outbox_rows_write(store->writer, store->batch->records,
                                                  store->batch->count, store->scratch, error);
}

void outbox_sent(struct store *store, const int64_t *ids, size_t count)
{
        struct outbox_state *o = &store->outbox;

        pthread_mutex_lock(&o->lock);
        o->sent = memory_reserve(o->sent, &o->sent_room, o->sent_count + count, sizeof *o->sent);
        memcpy(o->sent + o->sent_count, ids, count * sizeof *ids);
        o->sent_count += count;
        pthread_mutex_unlock(&o->lock);
        atomic_fetch_sub(&o->waiting, (int64_t)count);
}

size_t outbox_unremoved(struct store *store)
{
        struct outbox_state *o = &store->outbox;
        size_t count;

        pthread_mutex_lock(&o->lock);
        count = o->sent_count;
        pthread_mutex_unlock(&o->lock);
        return count;
}

size_t outbox_removed(struct store *store, int64_t *ids, size_t most)
{
        struct outbox_state *o = &store->outbox;
        size_t count;

        pthread_mutex_lock(&o->lock);
        count = o->gone_count < most ? o->gone_count : most;
        o->gone_count -= count;
        if (count)
                memcpy(ids, o->gone + o->gone_count, count * sizeof *ids);
        pthread_mutex_unlock(&o->lock);
        return count;
}

static int compare_ids(const void *a, const void *b)
{
        int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

        return (one > other) - (one < other);
}

static size_t without_doubles(int64_t *ids, size_t count)
{
        size_t left = 0;

        for (size_t i = 0; i < count; i++)
                if (!left || ids[i] != ids[left - 1])
                        ids[left++] = ids[i];
        return left;
}

/* Some of `sent`, sorted, in the arena of what one commit needs. An id is told twice if it could
   not be removed before a relay began anew. */
static void take_sent(struct store *store, bool few_too, struct outbox_removal *r)
{
        struct outbox_state *o = &store->outbox;
        size_t count;

        pthread_mutex_lock(&o->lock);
        count = o->sent_count < REMOVE_MOST ? o->sent_count : REMOVE_MOST;
        if (count < (few_too ? 1 : o->left + REMOVE_AT_ONCE))
                count = 0;
        if (count) {
                r->ids = arena_room(store->scratch, count * sizeof *r->ids);
                memcpy(r->ids, o->sent, count * sizeof *r->ids);
        }
        pthread_mutex_unlock(&o->lock);
        for (size_t i = 1; i < count; i++)
                if (r->ids[i] < r->ids[i - 1]) {
                        qsort(r->ids, count, sizeof *r->ids, compare_ids);
                        break;
                }
        r->taken = count;
        r->count = without_doubles(r->ids, count);
}

/* A part of the next transaction, whatever that is about. Many at a time, because each removal
   dirties pages of its own. */
bool outbox_remove_sent(struct store *store, bool few_too, struct error *error)
{
        struct outbox_state *o = &store->outbox;
        struct outbox_removal r = {0};

        if (o->removal.count)
                return true;
        take_sent(store, few_too, &r);
        if (!r.count)
                return true;
        r.left.ids = arena_room(store->scratch, r.count * sizeof *r.left.ids);
        if (!outbox_rows_remove(store->writer, r.ids, r.count, few_too || o->left >= REMOVE_AT_ONCE,
                                &r.left, error))
                return false;
        o->removal = r;
        return true;
}

/* With the lock: those of the first `removal.taken` of `sent` that are gone. */
static void note_gone(struct outbox_state *o)
{
        const struct outbox_removal *r = &o->removal;

        o->gone = memory_reserve(o->gone, &o->gone_room, o->gone_count + r->count, sizeof *o->gone);
        for (size_t i = 0, left = 0; i < r->count; i++)
                if (left < r->left.count && r->left.ids[left] == r->ids[i])
                        left++;
                else
                        o->gone[o->gone_count++] = r->ids[i];
        o->sent_count -= r->taken - r->left.count;
        memmove(o->sent + r->left.count, o->sent + r->taken,
                (o->sent_count - r->left.count) * sizeof *o->sent);
        memcpy(o->sent, r->left.ids, r->left.count * sizeof *o->sent);
        o->left = r->left.count;
}

void outbox_commit_ended(struct store *store, bool done)
{
        struct outbox_state *o = &store->outbox;

        if (done && o->removal.count) {
                pthread_mutex_lock(&o->lock);
                note_gone(o);
                pthread_mutex_unlock(&o->lock);
        }
        o->removal = (struct outbox_removal){0};
        arena_reset(store->scratch);
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

static bool park_shared(struct unit *unit, const struct parking *p)
{
        struct statement *s =
                db_prepare(unit->store->writer,
                           "UPDATE outbox SET parked = ? WHERE id = ? AND part = ?", &unit->error);

        if (!s)
                return false;
        bind_text(s, 1, p->reason);
        bind_int(s, 2, p->record->id);
        bind_int(s, 3, p->record->part);
        return statement_run(s, &unit->error);
}

static void park(struct unit *unit, void *arg)
{
        struct parking *p = arg;

        if (!unit_may_write(unit))
                return;
        if (unit->store->shared)
                park_shared(unit, p);
        else
                outbox_rows_park(unit->store->writer, p->record->id, p->reason, unit->arena,
                                 &unit->error);
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
        if (!outbox_remove_sent(unit->store, true, &unit->error))
                unit->wrote = true; /* perhaps half of it: the transaction must not commit */
}

bool outbox_sweep(struct store *store)
{
        struct arena *arena = arena_open();
        struct error ignored;
        bool done = store_run(store, remove_few, NULL, arena, &ignored);

        arena_close(&arena);
        return done;
}
