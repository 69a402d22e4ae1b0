/* lone_request - for tests: one request at a time to an upstream, on a loop's thread; the test's
   thread waits until all of the answer is there. */
#ifndef GATEWAY_TESTING_LONE_REQUEST_H
#define GATEWAY_TESTING_LONE_REQUEST_H

#include "base/text.h"
#include "gateway/upstream/upstream.h"
#include "testing/check.h"

#include <semaphore.h>
#include <string.h>
#include <time.h>

static struct {
        struct upstream_request request;
        struct text body; /* of the answer */
        struct task go;   /* starts the request on the loop's thread */
        sem_t over;       /* all of the answer is there, or it failed */
} asked;

static struct loop *loop;
static struct upstreams *upstreams;
static struct arena *arena;
static int response_ms;

static inline void read_on(struct upstream_request *x)
{
        char piece[7]; /* small, so that it takes several */
        long n = 0;

        while (!x->whole && (n = upstream_read(x, piece, sizeof piece)) > 0)
                text_add(&asked.body, piece, (size_t)n);
        if (x->whole)
                text_add(&asked.body, x->whole, x->whole_len);
        if (n != UPSTREAM_READ_LATER || x->whole)
                sem_post(&asked.over);
}

static inline void on_done(struct upstream_request *x)
{
        if (x->outcome == UPSTREAM_ANSWERED)
                read_on(x);
        else
                sem_post(&asked.over);
}

static inline void run_request(struct task *task)
{
        (void)task;
        upstream_start(upstreams, &asked.request);
}

static inline void open_upstreams(struct task *task)
{
        struct upstreams_config config = {0};

        (void)task;
        upstreams = upstreams_open(&config, loop);
}

static inline void close_upstreams(struct task *task)
{
        (void)task;
        upstreams_close(&upstreams);
}

static inline void open_all(int ms)
{
        static struct task open;

        response_ms = ms;
        arena = arena_open();
        loop = loop_open();
        open.run = open_upstreams;
        loop_post(loop, &open);
        loop_start(loop);
}

static inline void close_all(void)
{
        static struct task end;

        end.run = close_upstreams;
        loop_post(loop, &end);
        loop_stop(loop);
        loop_close(&loop);
        arena_close(&arena);
}

static inline void start_with(const char *method, int port, const char *target, const char *body,
                              const struct http_header *headers, size_t count)
{
        sem_init(&asked.over, 0, 0);
        asked.body = text_open(arena, 100);
        asked.request = (struct upstream_request){
                .arena = arena,
                .method = method,
                .host = "127.0.0.1",
                .port = port,
                .target = target,
                .authority = arena_printf(arena, "127.0.0.1:%d", port),
                .headers = headers,
                .header_count = count,
                .body = body,
                .body_len = body ? strlen(body) : 0,
                .careful = strcmp(method, "POST") == 0,
                .connect_ms = 500,
                .response_ms = response_ms,
                .done = on_done,
                .ready = read_on,
        };
        asked.go.run = run_request;
        loop_post(loop, &asked.go);
}

static inline void start(const char *method, int port, const char *target, const char *body)
{
        static struct http_header headers[2];

        headers[0] = header_whole("X-One", "1");
        headers[1] = header_whole("X-Empty", "");
        start_with(method, port, target, body, headers, 2);
}

static inline struct upstream_request *wait_done(void)
{
        struct timespec deadline;

        clock_gettime(CLOCK_REALTIME, &deadline);
        deadline.tv_sec += 10;
        check_int(sem_timedwait(&asked.over, &deadline), 0);
        return &asked.request;
}

static inline struct upstream_request *ask(const char *method, int port, const char *target,
                                           const char *body)
{
        start(method, port, target, body);
        return wait_done();
}

#endif
