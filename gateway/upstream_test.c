#include "gateway/upstream.h"

#include "base/check.h"
#include "base/clock.h"
#include "gateway/fake_upstream.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct waiting {
        struct exchange exchange;
        pthread_mutex_t lock;
        pthread_cond_t changed;
        int done;
};

static struct upstreams *upstreams;
static struct arena *arena;
static struct waiting waiting;

static void on_done(struct exchange *x)
{
        struct waiting *w = x->arg;

        pthread_mutex_lock(&w->lock);
        w->done++;
        pthread_cond_signal(&w->changed);
        pthread_mutex_unlock(&w->lock);
}

static void open_all(int response_ms, size_t max_answer)
{
        struct upstreams_config config = {.connect_ms = 500, .response_ms = response_ms, .max_answer = max_answer};
        struct error error;

        arena = arena_open();
        upstreams = upstreams_open(&config, &error);
        check(upstreams != NULL);
}

static void close_all(void)
{
        upstreams_close(&upstreams);
        arena_close(&arena);
}

static void start(const char *method, int port, const char *target, const char *body)
{
        static const struct upstream_header headers[] = {{"X-One", "1"}, {"X-Empty", ""}};

        waiting = (struct waiting){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
        waiting.exchange = (struct exchange){
                .arena = arena, .method = method, .url = arena_printf(arena, "http://127.0.0.1:%d%s", port, target),
                .headers = headers, .header_count = 2, .body = body, .body_len = body ? strlen(body) : 0,
                .done = on_done, .arg = &waiting,
        };
        upstreams_start(upstreams, &waiting.exchange);
}

static struct exchange *wait_done(void)
{
        struct timespec deadline;
        int done;

        clock_gettime(CLOCK_REALTIME, &deadline);
        deadline.tv_sec += 10;
        pthread_mutex_lock(&waiting.lock);
        while (!waiting.done && pthread_cond_timedwait(&waiting.changed, &waiting.lock, &deadline) == 0)
                ;
        done = waiting.done;
        pthread_mutex_unlock(&waiting.lock);
        check_int(done, 1);
        return &waiting.exchange;
}

static struct exchange *ask(const char *method, int port, const char *target, const char *body)
{
        start(method, port, target, body);
        return wait_done();
}

static const char *value(const struct exchange *x, const char *name)
{
        for (size_t i = 0; i < x->answer_header_count; i++)
                if (strcasecmp(x->answer_headers[i].name, name) == 0)
                        return x->answer_headers[i].value;
        return NULL;
}

/* Each row: what the upstream says to one GET, and what comes of it. */
static const struct {
        const char *name, *answer;
        bool closes, reset;
        enum upstream_outcome outcome;
        int status;
        const char *body;
} cases[] = {
        {"length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", false, false, UPSTREAM_ANSWERED, 200, "hi"},
        {"chunked", "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\nX-Trailer: 1\r\n\r\n",
         false, false, UPSTREAM_ANSWERED, 201, "hi!"},
        {"until the end", "HTTP/1.0 200 OK\r\n\r\nall of it", true, false, UPSTREAM_ANSWERED, 200, "all of it"},
        {"1xx first", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", false, false,
         UPSTREAM_ANSWERED, 200, "x"},
        {"204", "HTTP/1.1 204 No Content\r\n\r\n", false, false, UPSTREAM_ANSWERED, 204, ""},
        {"304", "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\nContent-Length: 5\r\n\r\n", false, false, UPSTREAM_ANSWERED, 304, ""},
        {"404", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false, false, UPSTREAM_ANSWERED, 404, ""},
        {"redirect is not followed", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", false, false,
         UPSTREAM_ANSWERED, 302, ""},
        {"nothing and FIN", "", true, false, UPSTREAM_BROKEN, 0, NULL},
        {"nothing and RST", "", true, true, UPSTREAM_BROKEN, 0, NULL},
        {"cut in the status line", "HTTP/1.1 20", true, false, UPSTREAM_BROKEN, 0, NULL},
        {"cut in the header", "HTTP/1.1 200 OK\r\nContent-Le", true, false, UPSTREAM_BROKEN, 0, NULL},
        {"cut behind a field", "HTTP/1.1 200 OK\r\nX-A: 1\r\n", true, false, UPSTREAM_BROKEN, 0, NULL},
        {"cut behind 1xx", "HTTP/1.1 100 Continue\r\n\r\n", true, false, UPSTREAM_BROKEN, 0, NULL},
        {"cut in the body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", true, false, UPSTREAM_BROKEN, 0, NULL},
        {"cut in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhi", true, false, UPSTREAM_BROKEN, 0, NULL},
        {"no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", true, false, UPSTREAM_BROKEN, 0, NULL},
        {"no HTTP", "220 smtp ready\r\n", true, false, UPSTREAM_BROKEN, 0, NULL},
        {"too large", "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n0123456789012345678901234567890123456789", false, false,
         UPSTREAM_BROKEN, 0, NULL},
        {"hangs", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", false, false, UPSTREAM_SLOW, 0, NULL},
};

static void each_answer_is_what_it_is(void)
{
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct fake fake = {.answers = {cases[i].answer}, .closes = cases[i].closes, .reset = cases[i].reset};
                struct exchange *x;

                fake_open(&fake);
                open_all(cases[i].outcome == UPSTREAM_SLOW ? 200 : 5000, 32);
                x = ask("GET", fake.port, "/a", NULL);
                fake_close(&fake);
                if (x->outcome != cases[i].outcome)
                        printf("%s: %s\n", cases[i].name, x->reason);
                check_int(x->outcome, cases[i].outcome);
                check_int(x->status, cases[i].status);
                check_int(atomic_load(&fake.requests), 1);
                check(x->outcome == UPSTREAM_ANSWERED || x->reason != NULL);
                if (cases[i].body)
                        check_text(x->answer_body, cases[i].body);
                close_all();
        }
}

static void trailers_and_early_hints_are_no_fields(void)
{
        struct fake fake = {.answers = {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nX-A:  b \r\nX-E:\r\n"
                                        "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: 1\r\n\r\n"}};
        struct exchange *x;

        fake_open(&fake);
        open_all(5000, 32);
        x = ask("GET", fake.port, "/", NULL);
        fake_close(&fake);
        check_text(value(x, "Link"), NULL);
        check_text(value(x, "X-Trailer"), NULL);
        check_text(value(x, "X-A"), "b");
        check_text(value(x, "X-E"), "");
        close_all();
}

static void a_request_goes_out_as_it_is(void)
{
        struct fake fake = {.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}};
        char host[64];

        fake_open(&fake);
        open_all(5000, 32);
        snprintf(host, sizeof host, "\r\nHost: 127.0.0.1:%d\r\n", fake.port);
        ask("POST", fake.port, "/a/../b%2Fc?q={x}|y", "{\"qty\":5}");
        fake_close(&fake);
        check_contains(fake.heard, "POST /a/../b%2Fc?q={x}|y HTTP/1.1\r\n");
        check_contains(fake.heard, host);
        check_contains(fake.heard, "\r\nX-One: 1\r\n");
        check_contains(fake.heard, "\r\nX-Empty:");
        check_contains(fake.heard, "\r\nContent-Length: 9\r\n");
        check_contains(fake.heard, "\r\n\r\n{\"qty\":5}");
        check(!strcasestr(fake.heard, "\r\nExpect"));
        check(!strcasestr(fake.heard, "\r\nAccept"));
        check(!strcasestr(fake.heard, "\r\nContent-Type"));
        check(!strcasestr(fake.heard, "\r\nUser-Agent"));
        close_all();
}

static void any_method_goes_on_one_connection(void)
{
        static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", head[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        struct fake fake = {.answers = {head, ok, ok, ok}};
        struct exchange *x;

        fake_open(&fake);
        open_all(5000, 32);
        x = ask("HEAD", fake.port, "/", NULL);
        check_int(x->outcome, UPSTREAM_ANSWERED);
        check_int((int64_t)x->answer_len, 0);
        check_text(value(x, "Content-Length"), "2");
        check_int((int64_t)ask("GET", fake.port, "/", "with a body")->answer_len, 2);
        check_int((int64_t)ask("DELETE", fake.port, "/", NULL)->answer_len, 2);
        check_int((int64_t)ask("PUT", fake.port, "/", "")->answer_len, 2);
        fake_close(&fake);
        check_int(atomic_load(&fake.connections), 1);
        check_contains(fake.heard, "PUT / HTTP/1.1\r\n");
        check_contains(fake.heard, "\r\nContent-Length: 0\r\n");
        close_all();
}

/* The trap: curl would send the second POST again on a new connection, and nobody would know. */
static void a_post_is_sent_once_when_its_connection_dies(void)
{
        struct fake fake = {.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "",
                                        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}};
        struct exchange *x;

        fake_open(&fake);
        open_all(5000, 32);
        check_int(ask("POST", fake.port, "/", "a")->outcome, UPSTREAM_ANSWERED);
        x = ask("POST", fake.port, "/", "b");
        check_int(x->outcome, UPSTREAM_BROKEN);
        fake_close(&fake);
        check_int(atomic_load(&fake.requests), 2);
        close_all();
}

static void a_connection_closed_beforehand_is_replaced(void)
{
        static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        struct fake fake = {.answers = {ok, ok, ok, ok}, .closes = true};

        fake_open(&fake);
        open_all(5000, 32);
        for (int i = 0; i < 3; i++) {
                check_int(ask("POST", fake.port, "/", "a")->outcome, UPSTREAM_ANSWERED);
                for (int64_t until = clock_mono_us() + 50000; clock_mono_us() < until;)
                        poll(NULL, 0, 5); /* the FIN has to arrive */
        }
        fake_close(&fake);
        check_int(atomic_load(&fake.requests), 3);
        close_all();
}

static void nobody_there_is_refused(void)
{
        struct fake fake = {.answers = {NULL}};

        fake_open(&fake);
        fake_close(&fake);
        open_all(5000, 32);
        check_int(ask("GET", fake.port, "/", NULL)->outcome, UPSTREAM_REFUSED);
        close_all();
}

static void a_silent_upstream_is_slow(void)
{
        struct fake fake = {.answers = {NULL}};
        int64_t before = clock_mono_us();

        fake_open(&fake);
        open_all(100, 32);
        check_int(ask("GET", fake.port, "/", NULL)->outcome, UPSTREAM_SLOW);
        check(clock_mono_us() - before < 5000000);
        fake_close(&fake);
        close_all();
}

static void a_line_break_in_a_header_goes_nowhere(void)
{
        static const struct upstream_header evil = {"X-A", "1\r\nX-B: 2"};
        struct fake fake = {.answers = {NULL}};

        fake_open(&fake);
        open_all(1000, 32);
        waiting = (struct waiting){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
        waiting.exchange = (struct exchange){.arena = arena, .method = "GET", .headers = &evil, .header_count = 1,
                                             .url = arena_printf(arena, "http://127.0.0.1:%d/", fake.port),
                                             .done = on_done, .arg = &waiting};
        upstreams_start(upstreams, &waiting.exchange);
        check_int(wait_done()->outcome, UPSTREAM_BROKEN);
        fake_close(&fake);
        check_int(atomic_load(&fake.connections), 0);
        close_all();
}

static void stopping_ends_what_waits(void)
{
        struct fake fake = {.answers = {NULL}};

        fake_open(&fake);
        open_all(30000, 32);
        start("GET", fake.port, "/", NULL);
        upstreams_stop(upstreams);
        check_int(wait_done()->outcome, UPSTREAM_BROKEN);
        check_int(ask("GET", fake.port, "/", NULL)->outcome, UPSTREAM_BROKEN);
        fake_close(&fake);
        close_all();
}

static void closing_ends_what_waits(void)
{
        struct fake fake = {.answers = {NULL}};

        fake_open(&fake);
        open_all(30000, 32);
        start("GET", fake.port, "/", NULL);
        upstreams_close(&upstreams);
        check_int(wait_done()->outcome, UPSTREAM_BROKEN);
        fake_close(&fake);
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                {"each answer is what it is", each_answer_is_what_it_is},
                {"trailers and early hints are no fields", trailers_and_early_hints_are_no_fields},
                {"a request goes out as it is", a_request_goes_out_as_it_is},
                {"any method goes on one connection", any_method_goes_on_one_connection},
                {"a POST is sent once when its connection dies", a_post_is_sent_once_when_its_connection_dies},
                {"a connection closed beforehand is replaced", a_connection_closed_beforehand_is_replaced},
                {"nobody there is refused", nobody_there_is_refused},
                {"a silent upstream is slow", a_silent_upstream_is_slow},
                {"a line break in a header goes nowhere", a_line_break_in_a_header_goes_nowhere},
                {"stopping ends what waits", stopping_ends_what_waits},
                {"closing ends what waits", closing_ends_what_waits},
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
