/* relay, at the bottom: how long it may still wait, and the log lines that are written once for
   each outage. */
#include "base/clock.h"
#include "base/log.h"
#include "event/relay_inside.h"

bool relay_is_closing(struct relay *r)
{
        bool closing;

        pthread_mutex_lock(&r->lock);
        closing = r->closing;
        pthread_mutex_unlock(&r->lock);
        return closing;
}

int64_t relay_patience(struct relay *r, int64_t ms)
{
        int64_t left = ms;

        pthread_mutex_lock(&r->lock);
        if (r->closing)
                left = (r->give_up - clock_mono_us()) / 1000;
        pthread_mutex_unlock(&r->lock);
        return left < 0 ? 0 : left < ms ? left : ms;
}

bool relay_is_out_of_time(struct relay *r)
{
        return relay_patience(r, 1) == 0;
}

void relay_nap(struct relay *r, int64_t ms, bool work)
{
        struct timespec until = clock_after(relay_patience(r, ms));
        bool closing;

        pthread_mutex_lock(&r->lock);
        closing = r->closing;
        r->resting = work;
        while (r->closing == closing && !(work && r->told) &&
               pthread_cond_clockwait(&r->work, &r->lock, CLOCK_MONOTONIC, &until) == 0)
                ;
        r->resting = false;
        pthread_mutex_unlock(&r->lock);
}

/* A relay that lets records gather is left alone: under load each commit would wake it for
   nothing. */
bool relay_note_commit(struct relay *r)
{
        bool listening = r->listening;

        r->told = true;
        r->listening = false;
        if (r->resting)
                pthread_cond_signal(&r->work);
        r->resting = false;
        return listening;
}

void relay_say_bus(struct relay *r, const struct error *error)
{
        bool away = error->kind != ERROR_NONE;

        if (away && !r->away)
                log_write(LOG_WARN, "the bus is away; events wait in the outbox", "error.message",
                          error->text, NULL);
        else if (!away && r->away)
                log_write(LOG_INFO, "the bus is back", NULL);
        r->away = away;
}

void relay_say_outbox(struct relay *r, const struct error *error)
{
        bool failing = error->kind != ERROR_NONE;

        if (failing && !r->failing)
                log_write(LOG_WARN, "the outbox cannot be read now", "error.message", error->text,
                          NULL);
        r->failing = failing;
}
