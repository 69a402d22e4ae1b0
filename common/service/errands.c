#include "service/errands.h"

#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>

enum { THREADS_MOST = 8 };

struct errands {
        pthread_t threads[THREADS_MOST];
        int thread_count, most;
        pthread_mutex_t lock; /* all below */
        pthread_cond_t change;
        STAILQ_HEAD(errand_queue, errand) queue;
        int under_way; /* waiting or running */
        bool closing;
};

static struct errand *next_one(struct errands *s)
{
        struct errand *e;

        pthread_mutex_lock(&s->lock);
        while (!s->closing && STAILQ_EMPTY(&s->queue))
                pthread_cond_wait(&s->change, &s->lock);
        e = STAILQ_FIRST(&s->queue);
        if (e)
                STAILQ_REMOVE_HEAD(&s->queue, beside);
        pthread_mutex_unlock(&s->lock);
        return e;
}

/* Once: of those who come, the first one. */
static void resume(struct errand *e, bool gone)
{
        pthread_mutex_lock(&e->lock);
        if (e->request) {
                e->gone = gone;
                http_resume(e->request);
        }
        e->request = NULL;
        pthread_mutex_unlock(&e->lock);
}

static void let_go(struct errand *e)
{
        struct arena *arena = e->arena; /* it lies in there itself */
        bool last;

        pthread_mutex_lock(&e->lock);
        last = --e->holders == 0;
        pthread_mutex_unlock(&e->lock);
        if (!last)
                return;
        pthread_mutex_destroy(&e->lock);
        arena_close(&arena);
}

static void *run(void *arg)
{
        struct errands *s = arg;
        struct errand *e;

        while ((e = next_one(s))) {
                e->run(e);
                pthread_mutex_lock(&s->lock);
                s->under_way--;
                pthread_mutex_unlock(&s->lock);
                resume(e, false);
                let_go(e);
        }
        return NULL;
}

struct errands *errands_open(const char *name, int threads, int most)
{
        struct errands *s = memory_alloc(sizeof *s);

        s->thread_count = threads < THREADS_MOST ? threads : THREADS_MOST;
        s->most = most;
        STAILQ_INIT(&s->queue);
        pthread_mutex_init(&s->lock, NULL);
        pthread_cond_init(&s->change, NULL);
        for (int i = 0; i < s->thread_count; i++)
                s->threads[i] = thread_start(name, run, s);
        return s;
}

void errands_close(struct errands **at)
{
        struct errands *s = *at;

        if (!s)
                return;
        *at = NULL;
        pthread_mutex_lock(&s->lock);
        s->closing = true;
        pthread_cond_broadcast(&s->change);
        pthread_mutex_unlock(&s->lock);
        for (int i = 0; i < s->thread_count; i++)
                pthread_join(s->threads[i], NULL);
        pthread_cond_destroy(&s->change);
        pthread_mutex_destroy(&s->lock);
        free(s);
}

struct errand *errand_new(void (*run_it)(struct errand *errand))
{
        struct arena *arena = arena_open();
        struct errand *e = arena_alloc(arena, sizeof *e);

        *e = (struct errand){
                .arena = arena, .run = run_it, .body = text_open(arena, 500), .holders = 1};
        pthread_mutex_init(&e->lock, NULL);
        return e;
}

enum http_result errand_begin(struct errands *s, struct errand *e, struct http_request *r)
{
        bool taken;

        e->request = r;
        e->holders = 2;
        r->state = e;
        pthread_mutex_lock(&s->lock);
        taken = !s->closing && s->under_way < s->most;
        if (taken) {
                s->under_way++;
                STAILQ_INSERT_TAIL(&s->queue, e, beside);
                pthread_cond_signal(&s->change);
        }
        pthread_mutex_unlock(&s->lock);
        if (taken)
                return HTTP_LATER;
        e->holders = 1;
        let_go(e);
        http_answer_problem(r, 503, "too many such requests are under way");
        http_answer_header(r, "Retry-After", "1");
        return HTTP_ANSWERED;
}

static void give(struct http_request *r, const struct errand *e)
{
        struct text body;

        if (e->problem) {
                http_answer_problem(r, e->status, "%s", e->problem);
        } else if (!arena_may_take(r->arena, e->body.len)) {
                http_answer_problem(r, 503, "no memory for the answer; what was asked is done");
                http_answer_header(r, "Retry-After", "1");
        } else {
                body = text_open(r->arena, e->body.len);
                text_add(&body, e->body.at, e->body.len);
                http_answer_body(r, e->status, e->type ? e->type : "application/json", &body);
        }
        http_answer_header(r, "Cache-Control", "no-store");
}

void errand_finish(struct http_request *r)
{
        struct errand *e = r->state;

        if (e->gone)
                http_answer_problem(r, 502, "nobody waits for the answer");
        else
                give(r, e);
        let_go(e);
}

void errand_gone(struct http_request *r)
{
        resume(r->state, true);
}
