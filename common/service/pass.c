#include "service/pass.h"

#include <pthread.h>
#include <stdlib.h>

/* Held by the request and by the fetch; the last one frees it. */
struct pass {
        struct fetch fetch;
        pthread_mutex_t lock;
        struct http_request *request; /* NULL: resumed */
        bool gone;                    /* the client is; the fetch may be under way still */
        int holders;
};

static void let_go(struct pass *p)
{
        bool last;

        pthread_mutex_lock(&p->lock);
        last = --p->holders == 0;
        pthread_mutex_unlock(&p->lock);
        if (!last)
                return;
        pthread_mutex_destroy(&p->lock);
        arena_close(&p->fetch.arena);
        free(p);
}

static void resume(struct pass *p)
{
        pthread_mutex_lock(&p->lock);
        if (p->request)
                http_resume(p->request);
        p->request = NULL;
        pthread_mutex_unlock(&p->lock);
}

static void done(struct fetch *f)
{
        struct pass *p = f->arg;

        resume(p);
        let_go(p);
}

enum http_result pass_begin(struct fetcher *fetcher, struct http_request *r, const char *base,
                            const char *path)
{
        struct pass *p = memory_alloc(sizeof *p);

        pthread_mutex_init(&p->lock, NULL);
        p->fetch.arena = arena_open();
        p->fetch.url = arena_printf(p->fetch.arena, "%s%s%s%s", base, path, r->query ? "?" : "",
                                    r->query ? r->query : "");
        p->fetch.traceparent = arena_string(p->fetch.arena, r->traceparent);
        p->fetch.done = done;
        p->fetch.arg = p;
        p->request = r;
        p->holders = 2;
        r->state = p;
        if (fetch_start(fetcher, &p->fetch))
                return HTTP_LATER;
        p->holders = 1;
        let_go(p);
        http_answer_problem(r, 503, "too many questions are under way");
        http_answer_header(r, "Retry-After", "1");
        return HTTP_ANSWERED;
}

static void give(struct http_request *r, const struct fetch *f)
{
        struct text body = text_open(r->arena, f->body.len);

        if (f->outcome != FETCH_ANSWERED) {
                http_answer_problem(r, 502, "%s: %s", f->url, f->why);
                return;
        }
        text_add(&body, f->body.at, f->body.len);
        http_answer_body(r, f->status, "application/json", &body);
        http_answer_header(r, "Cache-Control", "no-store");
}

void pass_finish(struct http_request *r)
{
        struct pass *p = r->state;

        if (p->gone)
                http_answer_problem(r, 502, "nobody waits for the answer");
        else
                give(r, &p->fetch);
        let_go(p);
}

void pass_gone(struct http_request *r)
{
        struct pass *p = r->state;

        pthread_mutex_lock(&p->lock);
        if (p->request) {
                p->gone = true;
                http_resume(p->request);
        }
        p->request = NULL;
        pthread_mutex_unlock(&p->lock);
}
