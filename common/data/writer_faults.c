/* Commits that fail on purpose (base/faults.h): a slow disk, and one that is full.

   Only a transaction that wrote rows is hit. One that merely removes sent events from the outbox
   is not: nobody waits for it. Nor is the last one, when the store closes. */
#include "base/clock.h"
#include "base/faults.h"
#include "data/store_inside.h"

/* PostgreSQL ends a session that is silent within a transaction for 5 s. */
enum { TALK_US = 1000 * 1000 };

/* A commit that waits. */
struct slow {
        struct store *store;
        int64_t talk_us; /* when to talk to the server again */
        bool failed;
        struct error *error;
};

/* False: the store closes. */
static bool wait_until(struct store *store, int64_t until_us)
{
        struct timespec until;
        bool closing;

        pthread_mutex_lock(&store->lock);
        while (!store->closing && clock_mono_us() < until_us) {
                until = clock_after((until_us - clock_mono_us()) / 1000 + 1);
                pthread_cond_clockwait(&store->work, &store->lock, CLOCK_MONOTONIC, &until);
        }
        closing = store->closing;
        pthread_mutex_unlock(&store->lock);
        return !closing;
}

static bool rest(void *arg, int64_t us)
{
        struct slow *slow = arg;
        int64_t now = clock_mono_us();

        if (slow->store->shared && now >= slow->talk_us) {
                slow->failed = !db_run(slow->store->writer, "SELECT 1", slow->error);
                if (slow->failed)
                        return false;
                slow->talk_us = now + TALK_US;
        }
        return wait_until(slow->store, now + us);
}

/* The transaction stays open meanwhile, and with it its locks, as while a real disk is slow. */
static bool be_slow(struct store *store, const struct injection *hit, struct error *error)
{
        int64_t now = clock_mono_us();
        struct slow slow = {.store = store, .talk_us = now + TALK_US, .error = error};

        faults_wait(store->faults, hit->fault, now + hit->delay_us, rest, &slow);
        return !slow.failed;
}

bool writer_faults_pass(struct store *store, struct error *error)
{
        static const struct fault_place any = {0};
        struct injection hit;

        if (!store->batch_wrote)
                return true;
        if (faults_strike(store->faults, FAULT_SLOW_DISK, &any, &hit) &&
            !be_slow(store, &hit, error))
                return false;
        if (!faults_strike(store->faults, FAULT_REFUSED_COMMIT, &any, &hit))
                return true;
        return error_set(error, ERROR_UNAVAILABLE,
                         "the disk is as good as full: fault %lld refuses the commit",
                         (long long)hit.fault);
}
