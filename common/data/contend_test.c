/* Processes that share a store contend for its rows: one waits, one loses a race and runs again,
   one gives up. Two stores on one schema stand for two processes. On PostgreSQL only. */
#include "base/clock.h"
#include "data/postgres_inside.h"
#include "data/store_inside.h"
#include "testing/thing.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { PATIENCE_US = 30 * 1000000 };

static bool is_shared(void)
{
        return db_url_is_shared(things_url());
}

struct climb {
        struct errand *partner;
        sem_t *here, *there;
        int64_t first, second;
        int times;
        bool alone; /* the last time */
};

static void raise_one(struct unit *unit, int64_t id)
{
        struct thing *t = unit_get(unit, &thing_entity, id);

        if (!t)
                return;
        t->qty = (struct nullable_int){true, t->qty.value + 1};
        unit_save(unit, &thing_entity, t);
}

static void raise_first(struct unit *unit, void *times)
{
        if (times)
                ++*(int *)times;
        raise_one(unit, 1);
}

/* Notes whether no other process's transaction runs at the same time. */
static void look_if_alone(struct unit *unit, void *alone)
{
        static const char sql[] = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND "
                                  "mode = 'ExclusiveLock' AND pid = pg_backend_pid()";
        struct statement *s = db_prepare(unit->store->writer, sql, &unit->error);
        int64_t locks = 0;

        if (s)
                statement_number(s, &locks, &unit->error);
        *(bool *)alone = locks > 0;
}

static _Atomic int handed; /* records, of all stores */

static void count_handed(void *arg, struct outbox_batch *batch)
{
        (void)arg;
        handed += (int)batch->count;
        arena_close(&batch->arena);
        free(batch);
}

/* The first time, each waits until the other has its first row; then each wants the row that the
   other has. */
static void raise_crosswise(struct unit *unit, void *arg)
{
        struct climb *c = arg;

        look_if_alone(unit, &c->alone);
        thing_add_and_say(unit, &(struct thing){.name = "climbed"});
        raise_one(unit, c->first);
        if (!c->times++) {
                sem_post(c->there);
                while (sem_wait(c->here) != 0)
                        ;
        }
        raise_one(unit, c->second);
}

struct climber {
        struct store *store;
        struct climb climb;
        struct errand hold, beside;
        enum error_kind kind;
        pthread_t thread;
};

static void *climb(void *arg)
{
        struct climber *c = arg;

        c->kind = things_do(c->store, raise_crosswise, &c->climb);
        return NULL;
}

static bool are_two_queued(struct store *store)
{
        bool two;

        pthread_mutex_lock(&store->lock);
        two = store->first && store->first->next;
        pthread_mutex_unlock(&store->lock);
        return two;
}

/* After a unit that adds a thing, in the same batch. */
static void begin_to_climb(struct climber *c)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        errand_send(&c->hold, c->store, NULL, NULL);
        errand_send(&c->beside, c->store, "beside", thing_add_and_say);
        check(pthread_create(&c->thread, NULL, climb, c) == 0);
        while (!are_two_queued(c->store) && clock_mono_us() < end_at)
                sched_yield();
        sem_post(&c->hold.go_on);
}

static void a_deadlock_costs_nobody_anything(void)
{
        struct arena *arena;
        struct climber c[2] = {0};
        bool alone;
        sem_t sems[2];

        if (!is_shared())
                return;
        arena = arena_open();
        for (int i = 0; i < 2; i++) {
                c[i].store = things_open();
                outbox_on_commit(c[i].store, count_handed, NULL);
                sem_init(&sems[i], 0, 0);
        }
        handed = 0;
        things_add(c[0].store, "one");
        things_add(c[0].store, "two");
        for (int i = 0; i < 2; i++) {
                c[i].climb = (struct climb){
                        .here = &sems[i], .there = &sems[1 - i], .first = 1 + i, .second = 2 - i};
                begin_to_climb(&c[i]);
        }
        for (int i = 0; i < 2; i++)
                pthread_join(c[i].thread, NULL);
        for (int i = 0; i < 2; i++) {
                check_int(errand_end(&c[i].hold), ERROR_NONE);
                check_int(errand_end(&c[i].beside), ERROR_NONE);
                check_int(c[i].kind, ERROR_NONE);
        }
        check(c[0].climb.times + c[1].climb.times > 2); /* there was one */
        check_int(things_get(c[0].store, 1, arena)->qty.value, 2);
        check_int(things_get(c[0].store, 2, arena)->qty.value, 2);
        check_int(things_count(c[0].store), 6);
        for (int i = 0; i < 2; i++) {
                check(c[i].climb.alone ==
                      (c[i].climb.times > 1)); /* the loser runs alone, for a while */
                check_int(things_do(c[i].store, look_if_alone, &alone), ERROR_NONE);
                check(alone == c[i].climb.alone);
                store_close(&c[i].store);
        }
        check_int(handed, 6);
        arena_close(&arena);
}

/* Another process keeps its lock: in the end all of the batch are told, and nothing of it is
   left. */
static void a_lock_that_stays_is_a_failure(void)
{
        struct errand add, raise;
        struct error e = {0};
        struct store *store;
        struct db *holder;
        int times = 0;

        if (!is_shared())
                return;
        store = things_open();
        things_add(store, "one");
        holder = db_open(things_url(), things_service(), DB_WRITER, &e);
        check(holder && db_exec(holder,
                                "SET idle_in_transaction_session_timeout = 0; BEGIN; SELECT * FROM "
                                "things FOR UPDATE",
                                &e));
        errand_send(&raise, store, NULL, NULL); /* so that both are one batch */
        errand_send(&add, store, "b", thing_add_and_say);
        check_int(errand_end(&raise), ERROR_NONE);
        check_int(errand_end(&add), ERROR_NONE);
        check_int(things_do(store, raise_first, &times), ERROR_UNAVAILABLE);
        check_int(times, 4); /* each costs a lock_timeout */
        check(db_exec(holder, "ROLLBACK", &e));
        db_close(&holder);
        check_int(things_do(store, raise_first, NULL), ERROR_NONE);
        check_int(things_count(store), 2);
        store_close(&store);
}

/* Waits until a session waits in the middle of a pipeline for its client. */
static void wait_for_the_silent(struct store *store)
{
        static const char sql[] = "SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                                  "? AND state = 'active'"
                                  " AND wait_event = 'ClientRead'";
        int64_t end_at = clock_mono_us() + PATIENCE_US;
        struct db *db = store_read_begin(store);
        struct error e = {0};
        int64_t found = 0;

        while (!found && clock_mono_us() < end_at) {
                struct statement *s = db_prepare(db, sql, &e);

                bind_text(s, 1, things_service());
                if (statement_step(s, &e) == DB_ROW)
                        found = column_int(s, 0);
                statement_reset(s);
        }
        store_read_end(store, db);
        check_int(found, 1);
}

/* A process that is frozen in the middle of a pipeline holds a row; no idle timeout sees it. */
static void a_silent_session_is_ended(void)
{
        struct error e = {0};
        struct store *store;
        struct db *frozen;

        if (!is_shared())
                return;
        store = things_open();
        things_add(store, "one");
        frozen = db_open(things_url(), things_service(), DB_WRITER, &e);
        check(frozen && db_begin(frozen, false, &e));
        check(statement_send(db_prepare(frozen, "SELECT * FROM things FOR UPDATE", &e), &e));
        check(PQflush(postgres_of(frozen)->conn) == 0); /* and no sync */
        wait_for_the_silent(store);
        check_int(things_do(store, raise_first, NULL), ERROR_NONE);
        check(!db_settle(frozen, &e));
        db_close(&frozen);
        store_close(&store);
}

static void refuse_after_writing(struct unit *unit, void *thing)
{
        thing_add_and_say(unit, thing);
        unit_refuse(unit, ERROR_UNPROCESSABLE, NULL, "not wanted");
}

/* A race that was lost long ago does not change what a refusal means now. */
static void a_refusal_behind_a_lost_race_is_a_refusal(void)
{
        struct errand hold, refused, innocent;
        struct store *store;

        if (!is_shared())
                return;
        store = things_open();
        things_add(store, "one");
        strcpy(postgres_of(store->writer)->sqlstate,
               "40P01"); /* as a race that was lost and then won leaves it */
        errand_send(&hold, store, NULL, NULL);
        errand_send(&refused, store, "refused", refuse_after_writing);
        errand_send(&innocent, store, "innocent", thing_add_and_say);
        check_int(errand_end(&hold), ERROR_NONE);
        check_int(errand_end(&refused), ERROR_UNPROCESSABLE);
        check_int(errand_end(&innocent), ERROR_NONE);
        check(things_has(store, innocent.thing.row.id));
        check_int(things_count(store), 2);
        store_close(&store);
}

struct raiser {
        struct store *store;
        pthread_t thread;
        int failed;
};

enum { RAISES = 200 };

static void *raise_often(void *arg)
{
        struct raiser *r = arg;

        for (int i = 0; i < RAISES; i++)
                r->failed += things_do(r->store, raise_first, NULL) != ERROR_NONE;
        return NULL;
}

/* Read, add, write: no change of the two processes is lost. */
static void no_change_is_lost(void)
{
        struct raiser r[2] = {0};
        struct arena *arena;

        if (!is_shared())
                return;
        arena = arena_open();
        for (int i = 0; i < 2; i++)
                r[i].store = things_open();
        things_add(r[0].store, "one");
        for (int i = 0; i < 2; i++)
                check(pthread_create(&r[i].thread, NULL, raise_often, &r[i]) == 0);
        for (int i = 0; i < 2; i++)
                pthread_join(r[i].thread, NULL);
        check_int(r[0].failed + r[1].failed, 0);
        check_int(things_get(r[0].store, 1, arena)->qty.value, 2 * RAISES);
        check_int(things_get(r[0].store, 1, arena)->row.version, 2 * RAISES);
        for (int i = 0; i < 2; i++)
                store_close(&r[i].store);
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_deadlock_costs_nobody_anything),
                STORY(a_lock_that_stays_is_a_failure),
                STORY(a_silent_session_is_ended),
                STORY(a_refusal_behind_a_lost_race_is_a_refusal),
                STORY(no_change_is_lost),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
