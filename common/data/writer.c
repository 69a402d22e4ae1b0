/* The store's writer thread: group commit. While one transaction flushes, the jobs of the next
   queue up. So a batch is as large as the load makes it, and a single request does not wait. */
#include "base/clock.h"
#include "base/log.h"
#include "data/store_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        BATCH_MOST = 512, /* jobs in a transaction: bounds how long the first waits for the last */
        LATE_US = 50 * 1000, /* a batch that runs for so long takes no more jobs in */
        TRIES_MOST = 4,
        CONTENDED_US = 60 * 1000 * 1000, /* each deadlock costs a deadlock_timeout (1 s) */
};

/* With the lock held. */
static struct job *take_most(struct store *store, size_t most)
{
        struct job *first = store->first, *last = first;

        for (size_t i = 1; last && last->next && i < most; i++)
                last = last->next;
        if (last) {
                store->first = last->next;
                last->next = NULL;
        }
        return first;
}

static struct job *take_jobs(struct store *store)
{
        struct job *first;

        pthread_mutex_lock(&store->lock);
        while (!store->first && !store->closing)
                pthread_cond_wait(&store->work, &store->lock);
        first = take_most(store, BATCH_MOST);
        pthread_mutex_unlock(&store->lock);
        return first;
}

static size_t job_count(const struct job *jobs)
{
        size_t count = 0;

        for (; jobs; jobs = jobs->next)
                count++;
        return count;
}

/* Jobs that came while the batch ran join it: running them takes a fraction of the flush for
   which they would wait otherwise. Not for ever, since other processes may wait for the batch's
   locks. */
static void take_latecomers(struct store *store, struct job *last)
{
        if (store->batch_jobs >= BATCH_MOST ||
            clock_mono_us() - atomic_load(&store->busy_since) > LATE_US)
                return;
        pthread_mutex_lock(&store->lock);
        last->next = take_most(store, BATCH_MOST - store->batch_jobs);
        pthread_mutex_unlock(&store->lock);
        store->batch_jobs += job_count(last->next);
}

/* False when the job failed after it wrote, and there is no savepoint to go back to. */
static bool run_job(struct store *store, struct job *job, bool apart)
{
        struct unit unit;

        unit_begin(&unit, store, job, apart);
        job->run(&unit, job->arg);
        if (unit_failed(&unit) || !unit_commit(&unit))
                unit_rollback(&unit);
        if (!unit.wrote)
                store->traced_count = unit.traced;
        job->error = unit.error;
        store->batch_wrote |= unit.wrote && !unit_failed(&unit);
        return !db_transaction_is_void(store->writer) &&
               (apart || !unit_failed(&unit) || !unit.wrote);
}

static void forget_announced(struct store *store)
{
        arena_reset(store->batch->arena);
        store->batch->count = store->batch_room = 0;
}

/* Takes back what the batch left in memory. */
static void forget_all(struct store *store)
{
        memcpy(store->sequences, store->written, sizeof store->written);
        store->change_count = 0;
        outbox_commit_ended(store, false);
        store->traced_count = 0;
        store->batch_wrote = false;
        sources_forget(store);
        forget_announced(store);
}

enum ran {
        RAN,                /* all of them */
        RAN_INTO_A_FAILURE, /* perhaps of one job; the transaction is open */
        RAN_IN_VAIN,        /* the transaction is gone, or the store does not take it */
};

static enum ran run_jobs(struct store *store, struct job *jobs, bool apart, struct error *error)
{
        for (struct job *j = jobs; j; j = j->next) {
                bool go_on = run_job(store, j, apart) && !db_lost_a_race(store->writer);
                /* a full disk or a broken connection may end the transaction; later jobs would
                   each commit by themselves */
                bool inside = db_in_transaction(store->writer);

                if (go_on && inside) {
                        if (!j->next)
                                take_latecomers(store, j);
                        continue;
                }
                *error = j->error;
                return inside ? RAN_INTO_A_FAILURE : RAN_IN_VAIN;
        }
        return RAN;
}

static bool commit(struct store *store, struct error *error)
{
        bool done;

        if (store->faults && !writer_faults_pass(store, error))
                return false;
        row_cache_commit_begins(store->recent);
        done = db_commit(store->writer, error);
        row_cache_commit_ended(store->recent);
        return done;
}

/* Nothing here waits for the writes of the jobs: on a shared store they, the sums and the commit
   are answered together. So what is told here may be the failure of any job. */
static enum ran run_and_commit(struct store *store, struct job *jobs, bool apart,
                               struct error *error)
{
        enum ran ran = run_jobs(store, jobs, apart, error);

        if (ran != RAN || (outbox_remove_sent(store, false, error) && outbox_write(store, error) &&
                           counts_write(store, error) && commit(store, error)))
                return ran;
        return db_transaction_is_void(store->writer) ? RAN_INTO_A_FAILURE : RAN_IN_VAIN;
}

/* Savepoints cost copies of pages, and nearly every unit succeeds: so the batch runs without
   them first. If a unit fails after it wrote, the whole batch runs again, each unit with a
   savepoint of its own. A job's run() may therefore be called several times. */
static enum ran run_together(struct store *store, struct job *jobs, bool alone, struct error *error)
{
        enum ran ran = run_and_commit(store, jobs, false, error);

        if (ran != RAN_INTO_A_FAILURE || db_lost_a_race(store->writer))
                return ran;
        db_rollback(store->writer);
        forget_all(store);
        if (!db_begin(store->writer, alone, error))
                return RAN_IN_VAIN;
        return run_and_commit(store, jobs, true, error);
}

static bool try_once(struct store *store, struct job *jobs, bool alone, struct error *error)
{
        if (!db_begin(store->writer, alone, error))
                return false;
        if (run_together(store, jobs, alone, error) == RAN)
                return true;
        db_rollback(store->writer);
        return false;
}

/* Transactions of several processes may deadlock. The loser tries again alone, and runs alone
   for a while: where rows are that contended, one transaction after the other is also the
   fastest. */
static bool transact(struct store *store, struct job *jobs, struct error *error)
{
        for (int tries = 1;; tries++) {
                if (try_once(store, jobs, clock_mono_us() < store->contended_until, error))
                        return true;
                if (!db_lost_a_race(store->writer) || tries == TRIES_MOST)
                        return false;
                store->contended_until = clock_mono_us() + CONTENDED_US;
                forget_all(store);
                log_write(LOG_DEBUG, "a batch lost a race and runs again", "error.message",
                          error->text, NULL);
        }
}

static void new_batch(struct store *store)
{
        store->batch = memory_alloc(sizeof *store->batch);
        store->batch->arena = arena_open();
        store->batch_room = 0;
}

static void after_commit(struct store *store)
{
        struct outbox_batch *batch = store->batch;

        memcpy(store->written, store->sequences, sizeof store->written);
        atomic_store(&store->events_given, store->written[STORE_OUTBOX].last);
        atomic_fetch_add(&store->outbox.waiting, (int64_t)batch->count);
        atomic_fetch_add(&store->commits, store->batch_wrote);
        store->change_count = 0;
        outbox_commit_ended(store, true);
        if (batch->count && outbox_hand_over(store, batch)) {
                new_batch(store);
        } else {
                forget_announced(store);
        }
}

/* Logged once for all of them: while a database is away each batch fails, and there may be
   thousands a second. */
static void say_failed(struct store *store, const struct error *reason)
{
        if (!store->failed++)
                log_write(LOG_ERROR, "commit failed; logged once until one succeeds",
                          "error.message", reason->text, NULL);
}

static void say_well(struct store *store)
{
        char count[24];

        if (!store->failed)
                return;
        snprintf(count, sizeof count, "%lld", (long long)store->failed);
        log_write(LOG_INFO, "commits succeed again", "commits.failed", count, NULL);
        store->failed = 0;
}

/* The reason for all jobs. If one job was refused, that reason is its own. */
static void blame_store(const struct error *one, struct error *error)
{
        if (one->kind == ERROR_UNAVAILABLE || one->kind == ERROR_INTERNAL)
                *error = *one;
        else
                error_set(error, ERROR_UNAVAILABLE, "the store could not finish the transaction");
}

static void after_failure(struct store *store, struct job *jobs, const struct error *error)
{
        struct error reason;

        blame_store(error, &reason);
        forget_all(store);
        for (struct job *j = jobs; j; j = j->next)
                j->error = reason;
        say_failed(store, &reason);
}

static void run_batch(struct store *store, struct job *jobs)
{
        struct error error = {0};
        int64_t committed_ns;
        bool done;

        atomic_store(&store->busy_since, clock_mono_us());
        store->batch_wrote = false;
        ids_begin(store, job_count(jobs));
        done = transact(store, jobs, &error);
        committed_ns = store->traced_count ? clock_wall_ns() : 0;
        if (!done || store->batch_wrote ||
            store->shared) { /* in a shared store each commit writes (postgres_commit.c) */
                atomic_store(&store->well, done);
                if (done)
                        say_well(store);
        }
        if (done)
                after_commit(store);
        else
                after_failure(store, jobs, &error);
        for (struct job *j = jobs, *next; j; j = next) {
                next = j->next; /* done() may free the job */
                j->done(j->arg, &j->error);
        }
        commit_spans_end(store, committed_ns);
        atomic_store(&store->busy_since, 0);
}

/* So that the next start publishes nothing again. */
static void remove_last_sent(struct store *store)
{
        struct error ignored;
        bool done = true;

        while (done && store->outbox.sent_count) {
                done = db_begin(store->writer, false, &ignored) &&
                       outbox_remove_sent(store, true, &ignored) &&
                       db_commit(store->writer, &ignored);
                outbox_commit_ended(store, done);
        }
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
