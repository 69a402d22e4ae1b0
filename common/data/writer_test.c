/* The writer under a crowd: every job is done exactly once, and what it was told is true. */
#include "base/clock.h"
#include "base/fault_vfs.h"
#include "data/store_inside.h"
#include "data/thing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

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
        }
        c->handed += (int64_t)batch->count;
        outbox_sent(c->store, c->handed_last); /* as a relay with a quick bus would */
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

                if (!store_count(c->store, db, &thing_entity, &rows, &e) || rows < before)
                        c->read_failed = true;
                before = rows;
                store_read_end(c->store, db);
        }
        return NULL;
}

static void everything_is_done_once(void)
{
        struct crowd crowd = {.store = things_open()};
        struct ask *asks = memory_alloc(THREADS * EACH * sizeof *asks);
        struct member members[THREADS];
        pthread_t readers[READERS + 1]; /* one more than connections: they wait for each other */

        outbox_on_commit(crowd.store, handed_over, &crowd);
        for (int i = 0; i <= READERS; i++)
                check(pthread_create(&readers[i], NULL, read_all, &crowd) == 0);
        for (int i = 0; i < THREADS; i++) {
                members[i] = (struct member){.crowd = &crowd, .asks = asks + i * EACH};
                check(pthread_create(&members[i].thread, NULL, submit_all, &members[i]) == 0);
        }
        for (int i = 0; i < THREADS; i++)
                pthread_join(members[i].thread, NULL);
        things_add(crowd.store, "last"); /* behind all of them */
        crowd.over = true;
        for (int i = 0; i <= READERS; i++)
                pthread_join(readers[i], NULL);
        check_int(crowd.committed, THREADS * EACH * 4 / 5);
        check_int(crowd.refused, THREADS * EACH / 5);
        check_int(crowd.other, 0);
        check(!crowd.read_failed);
        check_int(things_count(crowd.store), THREADS * EACH * 4 / 5 + 1);
        store_close(&crowd.store);
        check_int(crowd.handed, THREADS * EACH * 4 / 5 + 1);
        check(!crowd.out_of_order || db_url_is_shared(things_url())); /* there the database gives the ids */
        for (int i = 0; i < THREADS * EACH; i++)
                check_int(asks[i].times, 1);
        free(asks);
        crowd.store = things_open();
        check_int(things_count(crowd.store), THREADS * EACH * 4 / 5 + 1);
        check(things_add(crowd.store, "next") == THREADS * EACH * 4 / 5 + 2 || store_is_shared(crowd.store)); /* refused units used no id */
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
        check_int(crowd.committed, EACH * 4 / 5);
        check_int(crowd.refused, EACH / 5);
        free(asks);
        crowd.store = things_open();
        check_int(things_count(crowd.store), EACH * 4 / 5);
        store_close(&crowd.store);
}

static void a_busy_writer_shows(void)
{
        struct store *store = things_open();
        struct errand hold;
        int64_t end = clock_mono_us() + 10 * 1000000;

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

/* ---- what one batch is ---- */

enum { BATCH_MOST = 512, MANY = 1300, LATE_MS = 50, PATIENCE_US = 20 * 1000000 };

static struct {
        _Atomic int batches, records, largest;
} handed;

static void count_handed(void *arg, struct outbox_batch *batch)
{
        (void)arg;
        handed.batches++;
        handed.records += (int)batch->count;
        if ((int)batch->count > handed.largest)
                handed.largest = (int)batch->count;
        arena_close(&batch->arena);
        free(batch);
}

static struct store *counted_open(void)
{
        struct store *store = things_open();

        handed.batches = handed.records = handed.largest = 0;
        outbox_on_commit(store, count_handed, NULL);
        return store;
}

static void a_batch_has_a_bound(void)
{
        struct errand hold, *many = memory_alloc(MANY * sizeof *many);
        struct store *store = counted_open();

        errand_send(&hold, store, NULL, NULL);
        for (int i = 0; i < MANY; i++)
                errand_send(&many[i], store, "a", thing_add_and_say);
        errand_end(&hold);
        for (int i = 0; i < MANY; i++)
                check_int(errand_end(&many[i]), ERROR_NONE);
        store_close(&store);
        check_int(handed.records, MANY);
        check(handed.largest <= BATCH_MOST && handed.largest >= BATCH_MOST - 1);
        free(many);
}

static void add_and_hold(struct unit *unit, void *thing)
{
        struct thing *t = thing;

        thing_add_and_say(unit, t);
        while (store_busy_ms(unit->store) < LATE_MS + 10)
                ;
}

/* Others may wait for what a batch that lasts has locked. */
static void a_batch_that_lasts_takes_nobody_in(void)
{
        struct store *store = counted_open();
        struct errand first, late;

        errand_send(&first, store, "first", add_and_hold);
        while (store_busy_ms(store) < 1)
                ;
        errand_send(&late, store, "late", thing_add_and_say);
        check_int(errand_end(&first), ERROR_NONE);
        check_int(errand_end(&late), ERROR_NONE);
        store_close(&store);
        check_int(handed.batches, 2);
        check_int(handed.largest, 1);
}

static void add_and_count(struct unit *unit, void *thing)
{
        struct thing *t = thing;

        t->big.value++;
        thing_add_and_say(unit, &(struct thing){.name = t->name});
}

static void refuse_first(struct unit *unit, void *thing)
{
        (void)thing;
        unit_refuse(unit, ERROR_UNPROCESSABLE, NULL, "no");
}

static void refuse_last(struct unit *unit, void *thing)
{
        thing_add_and_say(unit, thing);
        unit_refuse(unit, ERROR_UNPROCESSABLE, NULL, "no");
}

/* How often a unit ran that shared its batch with one that was refused. */
static int64_t runs_beside(void (*refuse)(struct unit *, void *))
{
        struct errand hold, counted, refused;
        struct store *store = counted_open();

        errand_send(&hold, store, NULL, NULL);
        errand_send(&counted, store, "counted", add_and_count);
        errand_send(&refused, store, "refused", refuse);
        check_int(errand_end(&hold), ERROR_NONE);
        check_int(errand_end(&counted), ERROR_NONE);
        check_int(errand_end(&refused), ERROR_UNPROCESSABLE);
        check_int(things_count(store), 1);
        store_close(&store);
        check_int(handed.records, 1);
        return counted.thing.big.value;
}

static void who_is_refused_before_it_wrote_costs_nobody(void)
{
        check_int(runs_beside(refuse_first), 1);
}

static void who_is_refused_behind_that_is_undone(void)
{
        check_int(runs_beside(refuse_last), 2);
}

static void rename_first(struct unit *unit, void *thing)
{
        struct thing *t = unit_get(unit, &thing_entity, 1);

        t->name = arena_string(unit_arena(unit), ((struct thing *)thing)->name);
        unit_save(unit, &thing_entity, t);
}

static void get_first(struct store *store, const char *name)
{
        struct arena *arena = arena_open();
        struct error e = {0};
        void *row = NULL;

        check(store_get(store, &thing_entity, 1, arena, &row, &e) && row);
        check_text(((struct thing *)row)->name, name);
        arena_close(&arena);
}

/* And from memory, as long as nothing was committed since: at rest there always is a moment to which that counts. */
static void a_row_is_read_as_it_was_committed(void)
{
        static const char *const names[] = {"b", "c", "d"};
        struct store *store = things_open();
        uint64_t before = 0;

        things_add(store, "a");
        get_first(store, "a");
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                struct thing t = {.name = names[i]};
                uint64_t moment = recent_moment(store->recent);

                check(moment > before);
                before = moment;
                get_first(store, i ? names[i - 1] : "a");
                check_int(things_do(store, rename_first, &t), ERROR_NONE);
                get_first(store, names[i]);
        }
        store_close(&store);
}

/* On SQLite; crash_test.c has it with a disk, postgres_test.c with a connection. */
static void a_commit_that_fails_fails_all_of_it(void)
{
        struct errand hold, one, refused, two;
        struct store *store;

        if (db_url_is_shared(things_url()))
                return;
        store = counted_open();
        things_add(store, "a");
        errand_send(&hold, store, NULL, NULL);
        errand_send(&one, store, "one", thing_add_and_say);
        errand_send(&refused, store, "refused", refuse_first);
        errand_send(&two, store, "two", thing_add_and_say);
        fault.full = true;
        errand_end(&hold);
        check_int(errand_end(&one), ERROR_UNAVAILABLE);
        check_int(errand_end(&refused), ERROR_UNAVAILABLE);
        check_int(errand_end(&two), ERROR_UNAVAILABLE);
        fault.full = false;
        check_contains(one.error.text, "does not take this now");
        check(!store_is_well(store));
        check_int(things_count(store), 1);
        check_int(things_add(store, "b"), 2); /* no id was used */
        check(store_is_well(store));
        check_int(outbox_pending(store), 2);
        check_int(handed.records, 2);
        store_close(&store);
        store = things_open();
        check_int(things_count(store), 2);
        store_close(&store);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                {"everything is done once", everything_is_done_once},
                {"closing runs what is queued", closing_runs_what_is_queued},
                {"a busy writer shows", a_busy_writer_shows},
                {"a batch has a bound", a_batch_has_a_bound},
                {"a batch that lasts takes nobody in", a_batch_that_lasts_takes_nobody_in},
                {"who is refused before it wrote costs nobody a thing", who_is_refused_before_it_wrote_costs_nobody},
                {"who is refused behind that is undone", who_is_refused_behind_that_is_undone},
                {"a row is read as it was committed", a_row_is_read_as_it_was_committed},
                {"a commit that fails fails all of it", a_commit_that_fails_fails_all_of_it},
                {NULL, NULL},
        };

        fault_vfs();
        return check_main(stories, argc, argv);
}
