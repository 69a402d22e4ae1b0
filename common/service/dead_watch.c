#include "service/dead_watch.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
        LETTERS = 500,
        VALUE = 2048,
        REST_MS = 30 * 1000,
        ASKED_MS = 5 * 1000,
};

enum { OPEN_LETTERS, OLDEST_LETTER };

const struct metric_family dead_letter_families[] = {
        [OPEN_LETTERS] = {"mall_dead_letters",
                          "Dead letters of the group that were neither replayed nor dropped",
                          METRIC_GAUGE,
                          {"group"}},
        [OLDEST_LETTER] = {"mall_dead_letter_oldest_seconds",
                           "Age of the oldest of these letters; 0: there is none",
                           METRIC_GAUGE,
                           {"group"}},
        {NULL},
};

struct dead_watch {
        struct bus_config bus;
        struct metrics *metrics;
        pthread_t thread;
        enum error_kind trouble;       /* the log says so */
        char *known[DEAD_GROUPS_MOST]; /* groups with gauges */
        size_t known_count;
        _Atomic bool closing;

        pthread_mutex_t lock; /* all below */
        pthread_cond_t change;
        bool hurry;
        int64_t asked_us, read_us; /* 0: never; read_us: when it was begun */
        struct arena *arena;       /* of the last one */
        struct text last;
};

/* ---- gauges ---- */

static double age_of(const struct dead_group *g, int64_t now)
{
        return g->oldest_ms && now > g->oldest_ms ? (double)(now - g->oldest_ms) / 1000 : 0;
}

static void set_gauges(struct dead_watch *w, const char *group, size_t open, double age)
{
        metric_set(metrics_series(w->metrics, &dead_letter_families[OPEN_LETTERS], &group),
                   (double)open);
        metric_set(metrics_series(w->metrics, &dead_letter_families[OLDEST_LETTER], &group), age);
}

static const struct dead_group *group_named(const struct dead_letters *l, const char *name)
{
        for (size_t i = 0; i < l->group_count; i++)
                if (strcmp(l->groups[i].name, name) == 0)
                        return &l->groups[i];
        return NULL;
}

static bool is_known(const struct dead_watch *w, const char *name)
{
        for (size_t i = 0; i < w->known_count; i++)
                if (strcmp(w->known[i], name) == 0)
                        return true;
        return false;
}

/* A topic may be gone by now. */
static void measure(struct dead_watch *w, const struct dead_letters *l)
{
        int64_t now = clock_wall_ms();

        for (size_t i = 0; i < l->group_count && w->known_count < DEAD_GROUPS_MOST; i++)
                if (!is_known(w, l->groups[i].name))
                        w->known[w->known_count++] = memory_string(l->groups[i].name);
        for (size_t i = 0; w->metrics && i < w->known_count; i++) {
                const struct dead_group *g = group_named(l, w->known[i]);

                set_gauges(w, w->known[i], g ? g->open : 0, g ? age_of(g, now) : 0);
        }
}

/* ---- the answer ---- */

static void write_groups(const struct dead_letters *l, struct text *out)
{
        int64_t now = clock_wall_ms();

        for (size_t i = 0; i < l->group_count; i++) {
                const struct dead_group *g = &l->groups[i];

                text_string(out, i ? ",{\"group\":" : "{\"group\":");
                json_write_string(out, g->name);
                text_string(out, ",\"topic\":");
                json_write_string(out, g->topic);
                text_printf(out, ",\"open\":%zu,\"letters\":%zu,\"strange\":%zu,\"oldestSeconds\":",
                            g->open, g->letters, g->strange);
                text_printf(out, g->open ? "%.1f}" : "null}", age_of(g, now));
        }
}

static void write_letters(const struct dead_letters *l, struct text *out)
{
        for (size_t i = 0; i < l->count; i++) {
                text_string(out, i ? ",{" : "{");
                dead_letter_write_json(l->letters[i], out);
                text_char(out, '}');
        }
}

/* at: 0: never. */
static void write_all(const struct dead_letters *l, int64_t at, const char *why, struct text *out)
{
        text_string(out, "\"at\":");
        if (at)
                text_int(out, at);
        else
                text_string(out, "null");
        text_string(out, ",\"why\":");
        json_write_string(out, why);
        text_printf(out, ",\"unlisted\":%zu", l->unlisted);
        text_string(out, ",\"groups\":[");
        write_groups(l, out);
        text_string(out, "],\"letters\":[");
        write_letters(l, out);
        text_char(out, ']');
}

/* ---- its thread ---- */

static void tell(struct dead_watch *w, const struct error *error)
{
        if (error->kind == w->trouble)
                return;
        w->trouble = error->kind;
        if (error->kind)
                log_write(LOG_WARN, "the dead letters cannot be read", "error.message", error->text,
                          NULL);
        else
                log_write(LOG_INFO, "the dead letters are read again", NULL);
}

static void replace(struct dead_watch *w, struct arena *arena, const struct text *made)
{
        pthread_mutex_lock(&w->lock);
        arena_close(&w->arena);
        w->arena = arena;
        w->last = *made;
        pthread_mutex_unlock(&w->lock);
}

/* What was read last, and when that was begun. */
struct sight {
        struct dead_letters letters;
        int64_t at;
};

static const char *why_not_all(const struct dead_letters *l, struct arena *arena)
{
        return l->groups_left ? arena_printf(arena, "%zu more groups than %d have dead letters",
                                             l->groups_left, DEAD_GROUPS_MOST)
                              : NULL;
}

static void look(struct dead_watch *w, struct sight *last)
{
        struct dead_query query = {
                .bus = &w->bus, .most = LETTERS, .value_most = VALUE, .stop = &w->closing};
        struct arena *arena = arena_open();
        struct text made = text_open(arena, 4000);
        struct sight now = {.at = clock_wall_ms()};
        struct error error = {0};
        bool good = dead_letters_read(&now.letters, &query, &error);

        if (good) {
                dead_letters_close(&last->letters);
                *last = now;
                measure(w, &last->letters);
                error.kind = ERROR_NONE;
        } else {
                dead_letters_close(&now.letters);
        }
        if (!atomic_load(&w->closing))
                tell(w, &error);
        write_all(&last->letters, last->at, good ? why_not_all(&last->letters, arena) : error.text,
                  &made);
        replace(w, arena, &made);
}

/* Under the lock. */
static int64_t due_in_ms(const struct dead_watch *w)
{
        int64_t since = (clock_mono_us() - w->read_us) / 1000;
        int64_t every = w->asked_us > w->read_us ? ASKED_MS : REST_MS;

        return !w->read_us || w->hurry || since >= every ? 0 : every - since;
}

static bool wait_until_due(struct dead_watch *w)
{
        int64_t ms;

        pthread_mutex_lock(&w->lock);
        while (!atomic_load(&w->closing) && (ms = due_in_ms(w)) > 0) {
                struct timespec until = clock_after(ms);

                pthread_cond_clockwait(&w->change, &w->lock, CLOCK_MONOTONIC, &until);
        }
        w->hurry = false;
        w->read_us = clock_mono_us();
        pthread_mutex_unlock(&w->lock);
        return !atomic_load(&w->closing);
}

static void *run(void *arg)
{
        struct dead_watch *w = arg;
        struct sight last = {0};

        while (wait_until_due(w))
                look(w, &last);
        dead_letters_close(&last.letters);
        return NULL;
}

/* ---- its life ---- */

struct dead_watch *dead_watch_open(const struct bus_config *bus, struct metrics *metrics)
{
        struct dead_watch *w = memory_alloc(sizeof *w);

        w->bus = *bus;
        w->metrics = metrics;
        pthread_mutex_init(&w->lock, NULL);
        pthread_cond_init(&w->change, NULL);
        w->thread = thread_start("dead-watch", run, w);
        return w;
}

void dead_watch_close(struct dead_watch **at)
{
        struct dead_watch *w = *at;

        if (!w)
                return;
        *at = NULL;
        pthread_mutex_lock(&w->lock);
        atomic_store(&w->closing, true);
        pthread_cond_signal(&w->change);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
        while (w->known_count)
                free(w->known[--w->known_count]);
        arena_close(&w->arena);
        pthread_cond_destroy(&w->change);
        pthread_mutex_destroy(&w->lock);
        free(w);
}

void dead_watch_write(struct dead_watch *w, struct text *out)
{
        pthread_mutex_lock(&w->lock);
        if (w->last.at)
                text_add(out, w->last.at, w->last.len);
        else
                text_string(out, "\"at\":null,\"why\":\"the letters are being "
                                 "read\",\"unlisted\":0,\"groups\":[],"
                                 "\"letters\":[]");
        w->asked_us = clock_mono_us();
        pthread_cond_signal(&w->change);
        pthread_mutex_unlock(&w->lock);
}

size_t dead_watch_size(struct dead_watch *w)
{
        size_t len;

        pthread_mutex_lock(&w->lock);
        len = w->last.len + 200;
        pthread_mutex_unlock(&w->lock);
        return len;
}

void dead_watch_hurry(struct dead_watch *w)
{
        pthread_mutex_lock(&w->lock);
        w->hurry = true;
        pthread_cond_signal(&w->change);
        pthread_mutex_unlock(&w->lock);
}
