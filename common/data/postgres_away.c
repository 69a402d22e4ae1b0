/* While a server does not answer, one connection at a time tries it again, after pauses that
   grow; all others fail at once. */
#include "data/postgres_inside.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"

#include <pthread.h>
#include <stdio.h>

enum { PAUSE_FIRST_MS = 100, PAUSE_MOST_MS = 2000 };

/* The process has one store, so what one connection learns of the server spares the others the
   same wait. */
static struct {
        pthread_mutex_t lock;
        int64_t until; /* monotonic us: no try before then */
        int64_t pause_ms;
        char why[200];
} away = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Each process draws its own pause; else all would come back at the same moment. */
static int64_t jittered(int64_t ms)
{
        uint32_t number;

        random_bytes(&number, sizeof number);
        return ms / 2 + number % (ms / 2 + 1);
}

void postgres_away_begins(const char *why)
{
        bool first;

        pthread_mutex_lock(&away.lock);
        first = !away.pause_ms;
        away.pause_ms = first                               ? PAUSE_FIRST_MS
                        : away.pause_ms * 2 > PAUSE_MOST_MS ? PAUSE_MOST_MS
                                                            : away.pause_ms * 2;
        away.until = clock_mono_us() + jittered(away.pause_ms) * 1000;
        snprintf(away.why, sizeof away.why, "%s", why);
        pthread_mutex_unlock(&away.lock);
        if (first)
                log_write(LOG_WARN, "PostgreSQL is away", "error.message", why, NULL);
}

void postgres_away_ends(void)
{
        bool was_away;

        pthread_mutex_lock(&away.lock);
        was_away = away.pause_ms;
        away.pause_ms = away.until = 0;
        pthread_mutex_unlock(&away.lock);
        if (was_away)
                log_write(LOG_INFO, "PostgreSQL is back", NULL);
}

bool postgres_away_allows(struct error *error)
{
        bool may;

        pthread_mutex_lock(&away.lock);
        may = clock_mono_us() >= away.until;
        if (may && away.pause_ms) /* this caller tries; meanwhile the others fail at once */
                away.until = clock_mono_us() + POSTGRES_CONNECT_MS * 1000;
        if (!may)
                error_set(error, ERROR_UNAVAILABLE, "PostgreSQL is away: %s", away.why);
        pthread_mutex_unlock(&away.lock);
        return may;
}
