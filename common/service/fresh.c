#include "service/fresh.h"

#include "base/clock.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>

/* A request that waits; in its arena. */
struct waiter {
        struct fresh *fresh;
        struct http_request *request;
        LIST_ENTRY(waiter) beside;
        bool waits;
        int64_t for_number; /* of the making, or a later one */
};

struct fresh {
        struct fresh_config config;
        pthread_t thread;
        pthread_mutex_t lock; /* all below */
        pthread_cond_t change;
        bool closing;
        int64_t asked_us, made_us;   /* 0: never; made_us: when it was begun */
        int64_t took_us;             /* the last one */
        int64_t begun, made, wanted; /* numbers of makings: begun last, of `last`, and the first one
                                        that is new enough */
        struct arena *arena;         /* of the last one */
        struct text last;
        LIST_HEAD(waiters, waiter) waiters;
};

/* ---- its thread ---- */

static bool is_asked_for(const struct fresh *f)
{
        return !LIST_EMPTY(&f->waiters) ||
               (f->asked_us && clock_mono_us() - f->asked_us < f->config.linger_ms * 1000LL);
}

static int64_t due_in_ms(const struct fresh *f)
{
        int64_t every = (is_asked_for(f) ? f->config.every_ms : f->config.unasked_ms) * 1000LL,
                rest = f->took_us * (1 + f->config.rest),
                left = f->made_us + (every > rest ? every : rest) - clock_mono_us();

        return f->made_us && f->wanted <= f->begun && left > 0 ? left / 1000 + 1 : 0;
}

static bool is_to_be_made(const struct fresh *f)
{
        return is_asked_for(f) || f->config.unasked_ms;
}

/* Under the lock: until one is to be made; false: it is closed. */
static bool wait_for_question(struct fresh *f)
{
        while (!f->closing && (!is_to_be_made(f) || due_in_ms(f))) {
                struct timespec until = clock_after(due_in_ms(f));

                if (is_to_be_made(f))
                        pthread_cond_clockwait(&f->change, &f->lock, CLOCK_MONOTONIC, &until);
                else
                        pthread_cond_wait(&f->change, &f->lock);
        }
        return !f->closing;
}

/* Under the lock, so that fresh_gone knows whether its request was resumed. */
static void resume(struct waiter *w)
{
        w->waits = false;
        LIST_REMOVE(w, beside);
        http_resume(w->request);
}

/* Those for whom the last one is new enough. */
static void resume_served(struct fresh *f)
{
        struct waiter *w, *after;

        for (w = LIST_FIRST(&f->waiters); w; w = after) {
                after = LIST_NEXT(w, beside);
                if (w->for_number <= f->made)
                        resume(w);
        }
}

static void resume_all(struct fresh *f)
{
        while (!LIST_EMPTY(&f->waiters))
                resume(LIST_FIRST(&f->waiters));
}

static void replace(struct fresh *f, struct arena *arena, const struct text *made)
{
        arena_close(&f->arena);
        f->arena = arena;
        f->last = *made;
        f->made = f->begun;
        resume_served(f);
}

static void *run(void *arg)
{
        struct fresh *f = arg;

        pthread_mutex_lock(&f->lock);
        while (wait_for_question(f)) {
                struct arena *arena = arena_open();
                struct text made = text_open(arena, 4000);

                f->made_us = clock_mono_us();
                f->begun++;
                pthread_mutex_unlock(&f->lock);
                f->config.make(f->config.arg, &made);
                pthread_mutex_lock(&f->lock);
                f->took_us = f->config.rest ? clock_mono_us() - f->made_us : 0;
                replace(f, arena, &made);
        }
        resume_all(f);
        pthread_mutex_unlock(&f->lock);
        return NULL;
}

struct fresh *fresh_open(const struct fresh_config *config)
{
        struct fresh *f = memory_alloc(sizeof *f);

        f->config = *config;
        pthread_mutex_init(&f->lock, NULL);
        pthread_cond_init(&f->change, NULL);
        f->thread = thread_start(config->name, run, f);
        return f;
}

void fresh_close(struct fresh **at)
{
        struct fresh *f = *at;

        if (!f)
                return;
        *at = NULL;
        pthread_mutex_lock(&f->lock);
        f->closing = true;
        pthread_cond_signal(&f->change);
        pthread_mutex_unlock(&f->lock);
        pthread_join(f->thread, NULL);
        arena_close(&f->arena);
        pthread_cond_destroy(&f->change);
        pthread_mutex_destroy(&f->lock);
        free(f);
}

/* ---- requests ---- */

/* Under the lock. */
static void give(struct fresh *f, struct http_request *r)
{
        struct text body = text_open(r->arena, f->last.len);

        if (f->last.at)
                text_add(&body, f->last.at, f->last.len);
        else
                text_string(&body, f->config.first);
        http_answer_body(r, 200, "application/json", &body);
        http_answer_header(r, "Cache-Control", "no-store");
}

static void wait_for_new(struct fresh *f, struct http_request *r)
{
        struct waiter *w = arena_alloc(r->arena, sizeof *w);

        *w = (struct waiter){.fresh = f, .request = r, .waits = true, .for_number = f->wanted};
        r->state = w;
        LIST_INSERT_HEAD(&f->waiters, w, beside);
}

enum http_result fresh_answer(struct fresh *f, struct http_request *r)
{
        int64_t now = clock_mono_us();
        bool waits;

        pthread_mutex_lock(&f->lock);
        waits = !f->closing && (f->made < f->wanted ||
                                (f->config.wait &&
                                 (!f->last.at || now - f->made_us > f->config.linger_ms * 1000LL)));
        f->asked_us = now;
        pthread_cond_signal(&f->change);
        if (waits)
                wait_for_new(f, r);
        else
                give(f, r);
        pthread_mutex_unlock(&f->lock);
        return waits ? HTTP_LATER : HTTP_ANSWERED;
}

void fresh_finish(struct http_request *r)
{
        struct waiter *w = r->state;
        struct fresh *f = w->fresh;

        pthread_mutex_lock(&f->lock);
        give(f, r);
        pthread_mutex_unlock(&f->lock);
}

void fresh_gone(struct http_request *r)
{
        struct waiter *w = r->state;
        struct fresh *f = w->fresh;

        pthread_mutex_lock(&f->lock);
        if (w->waits)
                resume(w);
        pthread_mutex_unlock(&f->lock);
}

void fresh_hurry(struct fresh *f)
{
        pthread_mutex_lock(&f->lock);
        f->wanted = f->begun + 1;
        pthread_cond_signal(&f->change);
        pthread_mutex_unlock(&f->lock);
}
