/* The writer under load: every job is done exactly once, and is told the truth. */
#include "base/clock.h"
#include "data/store_inside.h"
#include "testing/thing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 8, EACH = 250, READERS = 2 };

struct crowd {
        struct store *store;
        _Atomic int committed, refused, other;
        _Atomic bool over;
        _Atomic int64_t handed, handed_last;
        _Atomic bool out_of_order, read_failed;
};

struct ask {
        struct job job;
        struct crowd *crowd;
        struct thing thing;
        _Atomic int times;
        bool refuse;
};

static void run(struct unit *unit, void *arg)
{
        struct ask *a = arg;

        thing_add_and_say(unit, &a->thing);
        if (a->refuse)
                unit_refuse(unit, ERROR_BAD_INPUT, NULL, "no");
}

static void done(void *arg, const struct error *error)
{
        struct ask *a = arg;

        if (error->kind == ERROR_NONE)
                a->crowd->committed++;
        else if (error->kind == ERROR_BAD_INPUT)
                a->crowd->refused++;
        else
                a->crowd->other++;
        arena_close(&a->job.arena);
        a->times++;
}

static void handed_over(void *arg, struct outbox_batch *batch)
{
        struct crowd *c = arg;

        for (size_t i = 0; i < batch->count; i++) {
                if (batch->records[i].id != c->handed_last + 1)
                        c->out_of_order = true;
                c->handed_last = batch->records[i].id;
                if (!store_is_shared(c->store)) /* as a relay with a quick bus would */
                        outbox_sent(c->store, &batch->records[i].id, 1);
        }
        c->handed += (int64_t)batch->count;
        arena_close(&batch->arena);
        free(batch);
}

struct member {
        struct crowd *crowd;
        struct ask *asks;
        pthread_t thread;
};

static void *submit_all(void *arg)
{
        struct member *m = arg;

        for (int i = 0; i < EACH; i++) {
                struct ask *a = &m->asks[i];

                a->crowd = m->crowd;
                a->refuse = i % 5 == 0;
                a->thing.name = a->refuse ? "refused" : "kept";
                a->job = (struct job){.run = run, .done = done, .arg = a, .arena = arena_open()};
                store_submit(m->crowd->store, &a->job);
        }
        return NULL;
}

static void *read_all(void *arg)
{
        struct crowd *c = arg;
        int64_t before = 0;

        while (!c->over) {
                struct db *db = store_read_begin(c->store);
                struct error e = {0};
                int64_t rows = 0;

                if (store_count(c->store, db, &thing_entity, &rows, &e)) {
                        c->read_failed |= rows < before;
                        before = rows;
                } else if (!store_is_shared(c->store) || e.kind != ERROR_UNAVAILABLE) {
                        c->read_failed = true;
                }
                store_read_end(c->store, db);
                usleep(1000);
        }
        return NULL;
}

/* rows: of the crowd. A PostgreSQL that is too busy for its own deadlines fails some units,
   which are told so. */
static void what_was_told_is_so(const struct crowd *c, int asked, int64_t rows)
{
        check(!c->other || db_url_is_shared(things_url()));
        check_int(c->committed + c->refused + c->other, asked);
        check(c->committed <= asked * 4 / 5 && c->refused <= asked / 5);
        check(rows >= c->committed && rows <= c->committed + c->other);
}

static void everything_is_done_once(void)
{
        struct crowd crowd = {.store = things_open()};
        struct ask *asks = memory_alloc(THREADS * EACH * sizeof *asks);
        struct member members[THREADS];
        pthread_t readers[READERS + 1]; /* one more than there are connections: they wait for
                                           each other */
        struct thing last = {.name = "last"};
        int64_t rows;

        outbox_on_commit(crowd.store, handed_over, &crowd);
        for (int i = 0; i <= READERS; i++)
                check(pthread_create(&readers[i], NULL, read_all, &crowd) == 0);
        for (int i = 0; i < THREADS; i++) {
                members[i] = (struct member){.crowd = &crowd, .asks = asks + i * EACH};
                check(pthread_create(&members[i].thread, NULL, submit_all, &members[i]) == 0);
        }
        for (int i = 0; i < THREADS; i++)
                pthread_join(members[i].thread, NULL);
        crowd.over = true;
        for (int i = 0; i <= READERS; i++)
                pthread_join(readers[i], NULL);
        for (int i = 0;
             i < 20 && things_do(crowd.store, thing_add_and_say, &last) == ERROR_UNAVAILABLE;
             i++) /* after all of them */
                ;
        check(last.row.id > 0);
        rows = things_count(crowd.store);
        what_was_told_is_so(&crowd, THREADS * EACH, rows - 1);
        check(!crowd.read_failed);
        store_close(&crowd.store);
        check_int(crowd.handed, crowd.committed + 1);
        check(!crowd.out_of_order ||
              db_url_is_shared(things_url())); /* there the database gives the ids */
        for (int i = 0; i < THREADS * EACH; i++)
                check_int(asks[i].times, 1);
        free(asks);
        crowd.store = things_open();
        check_int(things_count(crowd.store), rows);
        check(things_add(crowd.store, "next") == THREADS * EACH * 4 / 5 + 2 ||
              store_is_shared(crowd.store)); /* refused units used no id */
        store_close(&crowd.store);
}

static void closing_runs_what_is_queued(void)
{
        struct crowd crowd = {.store = things_open()};
        struct ask *asks = memory_alloc(EACH * sizeof *asks);
        struct member member = {.crowd = &crowd, .asks = asks};
        struct errand hold;

        errand_send(&hold, crowd.store, NULL, NULL);
        submit_all(&member);
        sem_post(&hold.go_on);
        store_close(&crowd.store);
        check_int(errand_end(&hold), ERROR_NONE);
        free(asks);
        crowd.store = things_open();
        what_was_told_is_so(&crowd, EACH, things_count(crowd.store));
        store_close(&crowd.store);
}

static void a_busy_writer_shows(void)
{
        struct store *store = things_open();
        struct errand hold;
        int64_t end = clock_mono_us() + 60 * 1000000;

        check_int(store_busy_ms(store), 0);
        check(store_is_well(store));
        errand_send(&hold, store, NULL, NULL);
        while (store_busy_ms(store) < 20 && clock_mono_us() < end)
                ;
        check(store_busy_ms(store) >= 20);
        check_int(errand_end(&hold), ERROR_NONE);
        while (store_busy_ms(store) > 0 && clock_mono_us() < end)
                ;
        check_int(store_busy_ms(store), 0);
        store_close(&store);
}

static void change(struct unit *unit, void *sql)
{
        db_exec(unit->store->writer, sql, &unit->error);
}

/* On SQLite: the outbox's table is gone for a while. */
static void what_cannot_be_read_is_told(void)
{
        static char away[] = "ALTER TABLE outbox RENAME TO away",
                    back[] = "ALTER TABLE away RENAME TO outbox";
        struct store *store = things_open();
        struct outbox_record records[4];
        struct arena *arena = arena_open();
        struct error e;
        size_t count;

        if (!store_is_shared(store)) {
                things_add(store, "a");
                check_int(things_do(store, change, away), ERROR_NONE);
                for (int i = 0; i < 5; i++) { /* more often than there are connections */
                        count = 7;
                        check(!outbox_read(store, 0, records, 4, &count, arena, &e) && count == 0);
                }
                check_int(outbox_pending_elsewhere(store), 0);
                check(!outbox_park(store, &(struct outbox_record){.id = 1}, "no", &e));
                check_int(outbox_pending(store), 1);
                check_int(things_do(store, change, back), ERROR_NONE);
                check_text(things_waiting(store, arena), "a");
        }
        arena_close(&arena);
        store_close(&store);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(everything_is_done_once),
                STORY(closing_runs_what_is_queued),
                STORY(a_busy_writer_shows),
                STORY(what_cannot_be_read_is_told),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
