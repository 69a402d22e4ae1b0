/* The store's writer thread: group commit. While one transaction flushes, the next one's jobs queue up; so a batch is
   as large as the load makes it, and a lone request waits for nobody. */
#include "base/clock.h"
#include "base/log.h"
#include "data/store_inside.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH_MOST = 512 }; /* jobs a transaction: bounds how long the first one waits for the last */

static struct job *take_jobs(struct store *store)
{
        struct job *first, *last;

        pthread_mutex_lock(&store->lock);
        while (!store->first && !store->closing)
                pthread_cond_wait(&store->work, &store->lock);
        first = last = store->first;
        for (int i = 1; last && last->next && i < BATCH_MOST; i++)
                last = last->next;
        if (last) {
                store->first = last->next;
                last->next = NULL;
        }
        pthread_mutex_unlock(&store->lock);
        return first;
}

/* False when the unit failed after it wrote, and had no savepoint to go back to. */
static bool run_job(struct store *store, struct job *job, bool apart)
{
        struct unit unit;

        unit_begin(&unit, store, job, apart);
        job->run(&unit, job->arg);
        if (unit_failed(&unit) || !unit_commit(&unit))
                unit_rollback(&unit);
        job->error = unit.error;
        return apart || !unit_failed(&unit) || !unit.wrote;
}

/* Ids and counts move in memory; what changed is written once a commit. */
static bool write_sequences(struct store *store, struct error *error)
{
        static const char sql[] = "INSERT INTO sequences (name, last, rows) VALUES (?1, ?2, ?3)"
                                  " ON CONFLICT (name) DO UPDATE SET last = ?2, rows = ?3";

        for (int i = 0; i <= STORE_TABLES; i++) {
                struct statement *s;

                if (memcmp(&store->sequences[i], &store->written[i], sizeof store->written[i]) == 0)
                        continue;
                if (!(s = db_prepare(store->writer, sql, error)))
                        return false;
                bind_text(s, 1, i == STORE_TABLES ? "outbox" : store->tables[i]->entity->collection);
                bind_int(s, 2, store->sequences[i].last);
                bind_int(s, 3, store->sequences[i].rows);
                if (!statement_run(s, error))
                        return false;
        }
        return true;
}

static bool run_statement(struct store *store, const char *sql, struct error *error)
{
        struct statement *s = db_prepare(store->writer, sql, error);

        return s && statement_run(s, error);
}

static void forget_announced(struct store *store)
{
        arena_reset(store->batch->arena);
        store->batch->records = NULL;
        store->batch->count = store->batch_room = 0;
}

enum ran { RAN, RAN_INTO_A_FAILURE, RAN_OUT_OF_THE_TRANSACTION };

static enum ran run_jobs(struct store *store, struct job *jobs, bool apart, struct error *error)
{
        for (struct job *j = jobs; j; j = j->next) {
                bool go_on = run_job(store, j, apart);

                /* a full disk may end the transaction; what came behind would commit by itself */
                if (!db_in_transaction(store->writer)) {
                        *error = j->error;
                        return RAN_OUT_OF_THE_TRANSACTION;
                }
                if (!go_on)
                        return RAN_INTO_A_FAILURE;
        }
        return RAN;
}

/* Savepoints cost copies of pages and nearly every unit succeeds: so first without; if one fails after it wrote, all of
   them again, each with a savepoint of its own. A job's run() may therefore be called twice. */
static enum ran run_together(struct store *store, struct job *jobs, struct error *error)
{
        enum ran ran = run_jobs(store, jobs, false, error);

        if (ran != RAN_INTO_A_FAILURE)
                return ran;
        if (!run_statement(store, "ROLLBACK", error) || !run_statement(store, "BEGIN IMMEDIATE", error))
                return RAN_OUT_OF_THE_TRANSACTION;
        memcpy(store->sequences, store->written, sizeof store->written);
        forget_announced(store);
        return run_jobs(store, jobs, true, error);
}

static bool commit(struct store *store, struct error *error)
{
        bool done;

        recent_commit_begins(store->recent);
        done = run_statement(store, "COMMIT", error);
        recent_commit_ended(store->recent);
        return done;
}

static bool transact(struct store *store, struct job *jobs, struct error *error)
{
        struct error ignored;

        if (!run_statement(store, "BEGIN IMMEDIATE", error))
                return false;
        if (run_together(store, jobs, error) == RAN && outbox_remove_sent(store, false, error) && write_sequences(store, error) &&
            commit(store, error))
                return true;
        db_exec(store->writer, "ROLLBACK", &ignored);
        return false;
}

static void new_batch(struct store *store)
{
        store->batch = memory_alloc(sizeof *store->batch);
        store->batch->arena = arena_open();
        store->batch_room = 0;
}

/* False when nobody wants it. */
static bool hand_over(struct store *store, struct outbox_batch *batch)
{
        void (*committed)(void *, struct outbox_batch *);
        void *arg;

        pthread_mutex_lock(&store->lock);
        committed = store->committed;
        arg = store->committed_arg;
        pthread_mutex_unlock(&store->lock);
        if (committed)
                committed(arg, batch);
        return committed != NULL;
}

static void after_commit(struct store *store)
{
        struct outbox_batch *batch = store->batch;

        memcpy(store->written, store->sequences, sizeof store->written);
        atomic_store(&store->outbox_last, store->written[STORE_TABLES].last);
        store->outbox_removed = store->outbox_removing;
        if (batch->count && hand_over(store, batch)) {
                new_batch(store);
        } else {
                forget_announced(store);
        }
}

static void after_failure(struct store *store, struct job *jobs, const struct error *error)
{
        memcpy(store->sequences, store->written, sizeof store->written);
        store->outbox_removing = store->outbox_removed;
        forget_announced(store);
        for (struct job *j = jobs; j; j = j->next)
                j->error = *error;
        log_write(LOG_ERROR, "commit failed", "error.message", error->text, NULL);
}

static void run_batch(struct store *store, struct job *jobs)
{
        struct error error = {0};
        bool done;

        atomic_store(&store->busy_since, clock_mono_us());
        done = transact(store, jobs, &error);
        atomic_store(&store->well, done);
        if (done)
                after_commit(store);
        else
                after_failure(store, jobs, &error);
        for (struct job *j = jobs, *next; j; j = next) {
                next = j->next; /* done() may free the job */
                j->done(j->arg, &j->error);
        }
        atomic_store(&store->busy_since, 0);
}

/* So that the next start publishes nothing again. */
static void remove_last_sent(struct store *store)
{
        struct error ignored;

        if (run_statement(store, "BEGIN IMMEDIATE", &ignored) && outbox_remove_sent(store, true, &ignored))
                run_statement(store, "COMMIT", &ignored);
}

void *writer_main(void *arg)
{
        struct store *store = arg;
        struct job *jobs;

        new_batch(store);
        while ((jobs = take_jobs(store)))
                run_batch(store, jobs);
        remove_last_sent(store);
        arena_close(&store->batch->arena);
        free(store->batch);
        return NULL;
}
