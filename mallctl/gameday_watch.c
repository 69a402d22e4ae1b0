#include "mallctl/gameday_watch.h"

#include "audit/ask.h"
#include "base/thread.h"
#include "mallctl/gameday_plan.h"
#include "mallctl/interrupt.h"
#include "mallctl/samples.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_MS = 3000, PAUSE_US = 50000, PAUSES = 20 };

struct gameday_watch {
        const struct gameday *day;
        const struct gameday_place *places;
        size_t count;
        CURL *easy;            /* the looking thread's */
        struct arena *scratch; /* of one look */
        const char **pages;    /* of each place in this look; NULL: it did not answer */
        pthread_t thread;
        bool runs;
        atomic_bool end;

        pthread_mutex_t lock; /* of what follows */
        struct gameday_seen *seen;
        struct gameday_waiting waiting;
};

/* ---- one question ---- */

static const char *get(struct gameday_watch *w, const char *url, const char *path, long *status,
                       struct error *error)
{
        struct text body = text_open(w->scratch, 1 << 14);
        struct ask one = {.easy = w->easy,
                          .scratch = w->scratch,
                          .url = arena_printf(w->scratch, "%s%s", url, path),
                          .most_ms = LOOK_MS,
                          .stop = interrupt_flag(),
                          .error = error};

        return ask(&one, &body, status) ? body.at : NULL;
}

static const char *metrics_of(struct gameday_watch *w, const char *url, struct error *error)
{
        long status = 0;
        const char *page = get(w, url, "/actuator/prometheus", &status, error);

        if (page && status != 200) {
                error_set(error, ERROR_UNAVAILABLE,
                          "%s/actuator/prometheus: the answer is a %ld, and no metrics", url,
                          status);
                return NULL;
        }
        return page;
}

static bool is_ready(struct gameday_watch *w, const char *service)
{
        struct error ignored;
        bool ready = true;
        long status;

        for (size_t i = 0; i < w->count && ready; i++)
                if (strcmp(w->places[i].service, service) == 0)
                        ready = get(w, w->places[i].url, "/actuator/health/readiness", &status,
                                    &ignored) &&
                                status == 200;
        return ready;
}

/* ---- one look ---- */

/* Over all places of the service, NULL: of all. False: none shows it, or one did not answer, which
   `answered` tells. */
static bool sum_of(const struct gameday_watch *w, const char *service, const char *metric,
                   const char *const *labels, double *sum, bool *answered)
{
        bool any = false;
        double one;

        *answered = true;
        *sum = 0;
        for (size_t i = 0; i < w->count; i++) {
                if (service && strcmp(w->places[i].service, service) != 0)
                        continue;
                *answered &= w->pages[i] != NULL;
                if (w->pages[i] && samples_sum(w->pages[i], metric, labels, &one)) {
                        any = true;
                        *sum += one;
                }
        }
        return any && (*answered || !service);
}

/* A counter may begin to be shown when it first counts: before that it was 0. */
static void note_metric(struct gameday_seen *s, bool now, bool answered, double value)
{
        s->now = now;
        if (!now) {
                s->absent |= answered;
                return;
        }
        if (!s->shown) {
                s->first = s->absent ? 0 : value;
                s->most = value;
        }
        s->shown = true;
        s->most = value > s->most ? value : s->most;
        s->last = value;
}

static void look_at(struct gameday_watch *w, size_t i)
{
        const struct gameday_check *check = &w->day->checks[i];
        bool by_metric = check->metric, ready = false, now = false, answered = false;
        double value = 0;

        if (by_metric)
                now = sum_of(w, check->service, check->metric, check->labels, &value, &answered);
        else if (check->service)
                ready = is_ready(w, check->service);
        pthread_mutex_lock(&w->lock);
        if (by_metric)
                note_metric(&w->seen[i], now, answered, value);
        else if (check->service && ready)
                w->seen[i].ready++;
        else if (check->service && !interrupt_came())
                w->seen[i].not_ready++;
        pthread_mutex_unlock(&w->lock);
}

bool gameday_watch_look(struct gameday_watch *w, struct error *error)
{
        struct gameday_waiting waiting;
        bool all = true, any;

        arena_reset(w->scratch);
        for (size_t i = 0; i < w->count; i++) {
                w->pages[i] = metrics_of(w, w->places[i].url, error);
                all &= w->pages[i] != NULL;
        }
        for (size_t i = 0; i < w->day->check_count; i++)
                look_at(w, i);
        if (!sum_of(w, NULL, "mall_outbox_pending", NULL, &waiting.outbox, &any))
                waiting.outbox = -1;
        if (!sum_of(w, NULL, "kafka_consumer_records_lag", NULL, &waiting.lag, &any))
                waiting.lag = -1;
        pthread_mutex_lock(&w->lock);
        w->waiting = waiting;
        pthread_mutex_unlock(&w->lock);
        return all;
}

const char *gameday_watch_doubt(struct gameday_watch *w, size_t check, struct arena *arena)
{
        const struct gameday_check *c = &w->day->checks[check];
        const char **pages = arena_alloc(arena, (w->count + 1) * sizeof *pages);
        size_t count = 0;

        for (size_t i = 0; c->metric && i < w->count; i++)
                if (w->pages[i] && strcmp(w->places[i].service, c->service) == 0)
                        pages[count++] = w->pages[i];
        return count ? gameday_plan_doubt(arena, c, pages) : NULL;
}

/* ---- all the while ---- */

static void *look_on(void *arg)
{
        struct gameday_watch *w = arg;
        struct error ignored;

        while (!atomic_load(&w->end)) {
                gameday_watch_look(w, &ignored);
                for (int i = 0; i < PAUSES && !atomic_load(&w->end); i++)
                        usleep(PAUSE_US);
        }
        return NULL;
}

void gameday_watch_begin(struct gameday_watch *w)
{
        w->runs = true;
        w->thread = thread_start("watch", look_on, w);
}

void gameday_watch_end(struct gameday_watch *w)
{
        atomic_store(&w->end, true);
        if (w->runs)
                pthread_join(w->thread, NULL);
        w->runs = false;
}

struct gameday_watch *gameday_watch_open(const struct gameday *day,
                                         const struct gameday_place *places, size_t count)
{
        struct gameday_watch *w = memory_alloc(sizeof *w);

        w->day = day;
        w->places = places;
        w->count = count;
        w->easy = curl_easy_init();
        w->scratch = arena_open();
        w->pages = memory_alloc((count + 1) * sizeof *w->pages);
        w->seen = memory_alloc((day->check_count + 1) * sizeof *w->seen);
        w->waiting = (struct gameday_waiting){-1, -1};
        pthread_mutex_init(&w->lock, NULL);
        return w;
}

void gameday_watch_close(struct gameday_watch **watch)
{
        struct gameday_watch *w = *watch;

        if (!w)
                return;
        gameday_watch_end(w);
        pthread_mutex_destroy(&w->lock);
        curl_easy_cleanup(w->easy);
        arena_close(&w->scratch);
        free(w->pages);
        free(w->seen);
        free(w);
        *watch = NULL;
}

struct gameday_seen gameday_watch_seen(struct gameday_watch *w, size_t check)
{
        struct gameday_seen seen;

        pthread_mutex_lock(&w->lock);
        seen = w->seen[check];
        pthread_mutex_unlock(&w->lock);
        return seen;
}

struct gameday_waiting gameday_watch_waiting(struct gameday_watch *w)
{
        struct gameday_waiting waiting;

        pthread_mutex_lock(&w->lock);
        waiting = w->waiting;
        pthread_mutex_unlock(&w->lock);
        return waiting;
}
