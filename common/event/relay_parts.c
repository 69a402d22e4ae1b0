/* relay from parts: for a store that several processes share. Each process publishes the parts of the outbox that it holds,
   whosever requests they come from: told at once of its own commits, of others' by looking every 20 ms. */
#include "event/relay_inside.h"

#include "base/clock.h"
#include "base/log.h"
#include "data/outbox_parts.h"

#include <stdlib.h>

enum {
        LOOK_EVERY_MS = 20,
        SHARE_EVERY_US = 1000 * 1000,
        FAILED_MS = 100,
};

struct round {
        struct outbox_parts *parts;
        struct outbox_record *records;
        int64_t share_at; /* monotonic us */
        bool failing;     /* said so */
};

void relay_told(void *arg, struct outbox_batch *batch)
{
        struct relay *r = arg;

        relay_free_batch(batch);
        pthread_mutex_lock(&r->lock);
        r->overflowed = true;
        pthread_cond_signal(&r->work);
        pthread_mutex_unlock(&r->lock);
}

/* Until something was committed here, or it is time to look for what others committed. */
static void wait_a_little(struct relay *r, int64_t ms)
{
        struct timespec until = clock_after(ms);

        pthread_mutex_lock(&r->lock);
        while (!r->overflowed && !r->closing && pthread_cond_clockwait(&r->work, &r->lock, CLOCK_MONOTONIC, &until) == 0)
                ;
        r->overflowed = false;
        pthread_mutex_unlock(&r->lock);
}

static bool share(struct round *round, struct error *error)
{
        if (clock_mono_us() < round->share_at)
                return true;
        if (!outbox_parts_share(round->parts, error))
                return false;
        round->share_at = clock_mono_us() + SHARE_EVERY_US;
        return true;
}

/* What is in the table now, once. False: closing and out of time. */
static bool publish(struct relay *r, struct round *round, size_t *count, struct error *error)
{
        struct arena *arena = arena_open();
        bool going = true;
        size_t done = 0;

        *count = 0;
        if (outbox_parts_read(round->parts, round->records, RELAY_PUBLISH_MOST, count, arena, error) && *count) {
                atomic_store(&r->oldest_at, round->records[0].at);
                done = relay_publish(r, round->records, *count, &going);
                if (done)
                        outbox_parts_remove(round->parts, round->records, done, error);
                else if (going)
                        relay_nap(r, FAILED_MS);
        }
        if (!*count)
                atomic_store(&r->oldest_at, 0);
        arena_close(&arena);
        return going;
}

static void say(struct round *round, const struct error *error)
{
        if (error->kind != ERROR_NONE && !round->failing)
                log_write(LOG_WARN, "the outbox cannot be read now", "error.message", error->text, NULL);
        round->failing = error->kind != ERROR_NONE;
}

static bool is_closing(struct relay *r)
{
        bool closing;

        pthread_mutex_lock(&r->lock);
        closing = r->closing;
        pthread_mutex_unlock(&r->lock);
        return closing;
}

void relay_from_parts(struct relay *r)
{
        struct round round = {.parts = outbox_parts_open(r->store), .records = memory_alloc(RELAY_PUBLISH_MOST * sizeof *round.records)};
        bool going = true;

        while (going) {
                bool last = is_closing(r); /* what was committed before that is in this round */
                struct error error = {0};
                size_t count = 0;

                if (share(&round, &error))
                        going = publish(r, &round, &count, &error);
                say(&round, &error);
                if (error.kind != ERROR_NONE)
                        round.share_at = 0;
                if (last && (!count || error.kind != ERROR_NONE))
                        break;
                if (error.kind != ERROR_NONE)
                        relay_nap(r, FAILED_MS);
                else if (!count)
                        wait_a_little(r, LOOK_EVERY_MS);
                else if (count > RELAY_FEW)
                        relay_nap(r, RELAY_PAUSE_MS);
        }
        outbox_parts_close(&round.parts);
        free(round.records);
}
