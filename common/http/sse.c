#include "http/sse.h"

#include "base/clock.h"
#include "base/container.h"
#include "http/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 64, TICK_US = 1000000 };

/* What one of the server's threads has. */
struct sse_worker {
        struct sse *sse;
        struct loop *loop; /* NULL: the thread does not run; under the lock */
        bool told;         /* wake is posted and has not run; under the lock */
        struct task wake;
        struct timer pace, tick;
        int64_t woken_us;
        struct arena *scratch;
        LIST_HEAD(list, sse_stream) streams;
};

struct sse {
        struct sse_config config;
        pthread_mutex_t lock;
        _Atomic int count;
        atomic_bool ended;
        struct sse_worker workers[WORKERS];
};

static struct sse_worker *worker_of(const struct sse_stream *s)
{
        return &s->sse->workers[s->request->worker];
}

/* ---- one stream ---- */

static long rest_send(struct sse_stream *s, char *to, size_t room)
{
        size_t len = s->rest_len - s->rest_at;

        if (len > room)
                len = room;
        memcpy(to, s->rest + s->rest_at, len);
        s->rest_at += len;
        if (s->rest_at == s->rest_len) {
                free(s->rest);
                s->rest = NULL;
        }
        return (long)len;
}

static void rest_keep(struct sse_stream *s, const char *bytes, size_t len)
{
        s->rest = memory_alloc(len);
        s->rest_at = 0;
        s->rest_len = len;
        memcpy(s->rest, bytes, len);
}

static void compose(struct sse_stream *s, int64_t now, struct text *out)
{
        s->sse->config.fill(s, out);
        if (!out->len && now - s->sent_us >= (int64_t)s->sse->config.beat_ms * 1000)
                text_string(out, "event: beat\ndata: {}\n\n");
        if (out->len)
                s->sent_us = now;
}

static long pull(struct http_request *r, char *to, size_t room)
{
        struct sse_stream *s = r->state;
        struct sse_worker *w = worker_of(s);
        struct text out;
        size_t len;

        if (s->gone || atomic_load(&s->sse->ended))
                return HTTP_PULL_END;
        if (s->rest)
                return rest_send(s, to, room);
        arena_reset(w->scratch);
        out = text_open(w->scratch, 8 << 10);
        compose(s, loop_now_us(w->loop), &out);
        if (!out.len)
                return HTTP_PULL_LATER;
        len = out.len < room ? out.len : room;
        memcpy(to, out.at, len);
        if (len < out.len)
                rest_keep(s, out.at + len, out.len - len);
        return (long)len;
}

/* ---- one worker's streams ---- */

static void wake_all(struct sse_worker *w)
{
        struct sse_stream *s;

        w->woken_us = loop_now_us(w->loop);
        LIST_FOREACH (s, &w->streams, beside)
                http_go_on(s->request);
}

static void pace_over(struct timer *timer)
{
        wake_all(CONTAINER_OF(timer, struct sse_worker, pace));
}

static void wake(struct task *task)
{
        struct sse_worker *w = CONTAINER_OF(task, struct sse_worker, wake);
        int64_t since, pace = (int64_t)w->sse->config.pace_ms * 1000;

        pthread_mutex_lock(&w->sse->lock);
        w->told = false;
        pthread_mutex_unlock(&w->sse->lock);
        if (!w->loop) /* posted just before the worker left */
                return;
        since = loop_now_us(w->loop) - w->woken_us;
        if (since >= pace || atomic_load(&w->sse->ended))
                wake_all(w);
        else if (!w->pace.set)
                loop_timer(w->loop, &w->pace, pace - since);
}

/* Once a second while there are streams. */
static void tick(struct timer *timer)
{
        struct sse_worker *w = CONTAINER_OF(timer, struct sse_worker, tick);

        if (LIST_EMPTY(&w->streams))
                return;
        loop_timer(w->loop, &w->tick, TICK_US);
        wake_all(w);
}

static void enter(int number, struct loop *loop, void *arg)
{
        struct sse *sse = arg;
        struct sse_worker *w = &sse->workers[number];

        w->scratch = arena_open();
        pthread_mutex_lock(&sse->lock);
        w->loop = loop;
        pthread_mutex_unlock(&sse->lock);
}

static void leave(int number, void *arg)
{
        struct sse *sse = arg;
        struct sse_worker *w = &sse->workers[number];

        loop_timer_clear(w->loop, &w->pace);
        loop_timer_clear(w->loop, &w->tick);
        pthread_mutex_lock(&sse->lock);
        w->loop = NULL;
        pthread_mutex_unlock(&sse->lock);
        arena_close(&w->scratch);
}

static void gone(struct http_request *r, void *arg)
{
        struct sse_stream *s = r->state;

        (void)arg;
        s->gone = true;
        http_go_on(r);
}

static void ended(struct http_request *r, void *arg)
{
        struct sse_stream *s = r->state;

        (void)arg;
        LIST_REMOVE(s, beside);
        atomic_fetch_sub(&s->sse->count, 1);
        s->sse->config.left(s);
        free(s->rest);
        free(s);
}

/* No body is that long: all are handed over whole. */
static size_t take(struct http_request *r, const char *data, size_t len, void *arg)
{
        (void)r, (void)data, (void)arg;
        return len;
}

struct http_streams sse_streams(struct sse *sse, size_t whole)
{
        return (struct http_streams){whole, take, gone, ended, enter, leave, sse};
}

/* ---- all of them ---- */

struct sse *sse_open(const struct sse_config *config)
{
        struct sse *sse = memory_alloc(sizeof *sse);

        sse->config = *config;
        pthread_mutex_init(&sse->lock, NULL);
        for (struct sse_worker *w = sse->workers; w < sse->workers + WORKERS; w++) {
                w->sse = sse;
                w->wake.run = wake;
                w->pace.due = pace_over;
                w->tick.due = tick;
        }
        return sse;
}

void sse_close(struct sse **at)
{
        struct sse *sse = *at;

        if (!sse)
                return;
        *at = NULL;
        pthread_mutex_destroy(&sse->lock);
        free(sse);
}

static bool has_room(struct sse *sse)
{
        if (atomic_fetch_add(&sse->count, 1) < sse->config.most && !atomic_load(&sse->ended))
                return true;
        atomic_fetch_sub(&sse->count, 1);
        return false;
}

enum http_result sse_begin(struct sse *sse, struct http_request *r, struct sse_stream *s)
{
        struct sse_worker *w = &sse->workers[r->worker];

        if (!has_room(sse)) {
                sse->config.left(s);
                free(s);
                http_answer_problem(r, 503, "there are as many streams as may be");
                http_answer_header(r, "Retry-After", "5");
                return HTTP_ANSWERED;
        }
        s->request = r;
        s->sse = sse;
        s->sent_us = loop_now_us(w->loop);
        r->state = s;
        LIST_INSERT_HEAD(&w->streams, s, beside);
        if (!w->tick.set)
                loop_timer(w->loop, &w->tick, TICK_US);
        http_resume(r);
        return HTTP_LATER;
}

void sse_finish(struct http_request *r)
{
        r->answer.status = 200;
        r->answer.type = "text/event-stream";
        r->answer.pull = pull;
        r->answer.pull_len = -1;
        http_answer_header(r, "Cache-Control", "no-store");
        http_answer_header(r, "X-Accel-Buffering", "no"); /* nginx would gather it */
}

void sse_wake(struct sse *sse)
{
        pthread_mutex_lock(&sse->lock);
        for (struct sse_worker *w = sse->workers; w < sse->workers + WORKERS; w++) {
                if (w->loop && !w->told)
                        loop_post(w->loop, &w->wake);
                w->told = w->loop != NULL;
        }
        pthread_mutex_unlock(&sse->lock);
}

void sse_end(struct sse *sse)
{
        atomic_store(&sse->ended, true);
        sse_wake(sse);
}

int sse_count(struct sse *sse)
{
        return atomic_load(&sse->count);
}

void sse_frame(struct text *out, const char *type, const char *data, size_t len)
{
        const char *end = data + len, *line_end;

        if (type)
                text_printf(out, "event: %s\n", type);
        do {
                line_end = memchr(data, '\n', (size_t)(end - data));
                text_string(out, "data: ");
                text_add(out, data, (size_t)((line_end ? line_end : end) - data));
                text_char(out, '\n');
                data = line_end ? line_end + 1 : end;
        } while (line_end);
        text_char(out, '\n');
}
