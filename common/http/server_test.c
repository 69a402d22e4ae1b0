#include "base/log.h"
#include "testing/conversation.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#define CLOSE "Connection: close\r\n\r\n"
#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n"

/* Requests that wait, and are resumed by a thread of the test. */
static struct {
        pthread_mutex_t lock;
        struct http_request *waiting[4096];
        int count;
        atomic_bool hold, stop;
} store = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void answer_text(struct http_request *r, int status, const char *text)
{
        struct text body = text_open(r->arena, 64);

        text_string(&body, text);
        http_answer_body(r, status, "text/plain", &body);
}

static void finish(struct http_request *r, void *arg)
{
        (void)arg;
        answer_text(r, 201, r->state ? r->state : "no state");
        http_answer_header(r, "Location", "/orders/1");
}

static enum http_result wait_for_commit(struct http_request *r)
{
        r->state = arena_printf(r->arena, "late %s %zu", r->path, r->body_len);
        pthread_mutex_lock(&store.lock);
        store.waiting[store.count++] = r;
        pthread_mutex_unlock(&store.lock);
        return HTTP_LATER;
}

static void answer_echo(struct http_request *r)
{
        const char *agent = http_header(r, "user-AGENT");
        struct text body = text_open(r->arena, 64);

        text_printf(&body, "path=%s query=%s agent=[%s] peer=%s/%d trace=%s body=%zu", r->path,
                    r->query ? r->query : "-", agent, r->peer, r->peer_trusted, r->trace_id,
                    r->body_len);
        http_answer_body(r, 200, "text/plain", &body);
        http_answer_header(r, "X-Cut", "a\r\nX-Smuggled: 1");
}

static enum http_result handle(struct http_request *r, void *arg)
{
        struct error e;

        (void)arg;
        r->uri_template = "/test";
        if (strcmp(r->path, "/late") == 0)
                return wait_for_commit(r);
        if (strcmp(r->path, "/at-once") == 0) {
                http_resume(r);
                return HTTP_LATER;
        }
        if (strcmp(r->path, "/member") == 0) {
                error_member(&e, "qty", "\"x\" is no number");
                http_answer_error(r, &e);
        } else if (strcmp(r->path, "/away") == 0) {
                error_set(&e, ERROR_UNAVAILABLE, "the store is away");
                http_answer_error(r, &e);
        } else if (strcmp(r->path, "/204") == 0 || strcmp(r->path, "/304") == 0) {
                r->answer.status = atoi(r->path + 1);
        } else if (strcmp(r->path, "/same") == 0) {
                answer_text(r, 304, "a 200 has this");
        } else if (strcmp(r->path, "/forgot") != 0) {
                answer_echo(r);
        }
        return HTTP_ANSWERED;
}

static void *resume_all(void *arg)
{
        (void)arg;
        while (!atomic_load(&store.stop)) {
                struct http_request *mine[4096];
                int count = 0;

                pthread_mutex_lock(&store.lock);
                if (!atomic_load(&store.hold)) {
                        count = store.count;
                        memcpy(mine, store.waiting, sizeof mine[0] * (size_t)count);
                        store.count = 0;
                }
                pthread_mutex_unlock(&store.lock);
                for (int i = 0; i < count; i++)
                        http_resume(mine[i]);
                if (!count)
                        poll(NULL, 0, 1);
        }
        return NULL;
}

static struct http_server *start(void)
{
        struct http_config config =
                config_of_test((struct http_handler){.handle = handle, .finish = finish});

        return server_of_test(&config);
}

static void a_request_and_its_answer(void)
{
        struct http_server *s = start();
        const char *answer = ask(
                http_server_port(s),
                GET("/a?b=c") "User-Agent: me \r\ntraceparent: "
                              "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n" CLOSE);

        check_contains(answer, "path=/a query=b=c agent=[me] peer=127.0.0.1/1 "
                               "trace=4bf92f3577b34da6a3ce929d0e0e4736 body=0");
        check_contains(answer, "X-Cut: aX-Smuggled: 1\r\n");
        check_contains(answer, "Connection: close");
        http_server_close(&s, 1000);
}

static void keep_alive_and_pipelining(void)
{
        struct http_server *s = start();
        int fd = dial(http_server_port(s));

        for (int i = 0; i < 5; i++)
                check_contains(next(fd, GET("/a") "\r\n", "body=0"), "HTTP/1.1 200 OK");
        /* two at once come back in order */
        check_contains(next(fd, GET("/first") "\r\n" GET("/late") "\r\n", "late /late"),
                       "path=/first");
        check_contains(
                next(fd,
                     "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" GET("/q") "\r\n",
                     "path=/q"),
                "body=3");
        close(fd);
        http_server_close(&s, 1000);
}

static void answers_without_a_body(void)
{
        struct http_server *s = start();
        int fd = dial(http_server_port(s));
        const char *answer = next(fd,
                                  "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n" GET("/204") "\r\n" GET(
                                          "/same") "\r\n" GET("/b") "\r\n",
                                  "path=/b");

        check(!strstr(answer, "path=/a"));
        check_contains(answer, "\r\n\r\nHTTP/1.1 204 No Content\r\n");
        check(!strstr(answer, "Content-Length: 0"));
        check_contains(answer, "\r\n\r\nHTTP/1.1 304 Not Modified\r\n");
        check_contains(answer, "Content-Length: 14\r\n\r\nHTTP/1.1 200 OK\r\n");
        close(fd);
        answer = ask(http_server_port(s), GET("/304") CLOSE);
        check_contains(answer, "HTTP/1.1 304 Not Modified");
        /* not known, see answer.c */
        check((strstr(answer, "Content-Length") == NULL) == (MHD_VERSION >= 0x00097701));
        check_contains(ask(http_server_port(s), GET("/forgot") CLOSE), "HTTP/1.1 500 ");
        http_server_close(&s, 1000);
}

static void problems(void)
{
        struct http_server *s = start();
        int port = http_server_port(s);
        const char *answer = ask(port, GET("/member?x") CLOSE);

        check_contains(answer, "HTTP/1.1 400 Bad Request\r\n");
        check_contains(answer, "Content-Type: application/problem+json\r\n");
        check_contains(
                answer,
                "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\"detail\":"
                "\"\\\"x\\\" is no number\",\"instance\":\"/member\",\"member\":\"qty\"}");
        answer = ask(port, GET("/away") CLOSE);
        check_contains(answer, "HTTP/1.1 503 ");
        check_contains(answer, "Retry-After: 1\r\n");
        check(!strstr(answer, "member"));
        http_server_close(&s, 1000);
}

static void expect_100_continue(void)
{
        struct http_server *s = start();
        int fd = dial(http_server_port(s));
        const char *head =
                "POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";

        check_text(next(fd, head, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
        check_contains(next(fd, "hi", "body=2"), "HTTP/1.1 200 OK");
        close(fd);
        check_int(status_of(ask(http_server_port(s),
                                "POST /a HTTP/1.1\r\nHost: a\r\nExpect: "
                                "100-continue\r\nContent-Length: 200000\r\n\r\n")),
                  413);
        http_server_close(&s, 1000);
}

static void later(void)
{
        struct http_server *s = start();
        int port = http_server_port(s);
        const char *answer = ask(port, GET("/late") CLOSE);

        check_contains(answer, "HTTP/1.1 201 Created");
        check_contains(answer, "late /late 0");
        check_contains(answer, "Location: /orders/1");
        check_contains(ask(port, GET("/at-once") CLOSE), "no state");
        check_contains(
                ask(port, "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n" CLOSE "hi"),
                "late /late 2");
        http_server_close(&s, 1000);
}

static void drain_and_close(void)
{
        struct http_server *s = start();
        int idle = dial(http_server_port(s)), busy = dial(http_server_port(s)),
            fresh = dial(http_server_port(s));
        struct http_request *one = NULL;
        bool ended;

        next(idle, GET("/a") "\r\n", "body=0");
        http_server_drain(s);
        check_contains(next(idle, GET("/a") "\r\n", "body=0"), "Connection: close");
        hear(idle, NULL, &ended);
        check(ended);
        atomic_store(&store.hold, true);
        say_text(busy, GET("/late") "\r\n");
        for (int64_t end = clock_mono_us() + 5000000; !one && clock_mono_us() < end;
             poll(NULL, 0, 1)) {
                pthread_mutex_lock(&store.lock);
                one = store.count ? store.waiting[0] : NULL;
                pthread_mutex_unlock(&store.lock);
        }
        check(one != NULL);
        check_int(http_server_in_flight(s), 1);
        atomic_store(&store.hold, false);
        http_server_close(&s, 5000);
        check(!s);
        check_contains(hear(busy, NULL, &ended), "late /late 0");
        hear(fresh, NULL, &ended);
        check(ended);
        close(idle);
        close(busy);
        close(fresh);
}

/* Request and half-close come together: the library sees the request, and may not be told of the
   end again. */
static void a_hang_up_right_behind_a_request(void)
{
        struct http_server *s = start();
        int fd = dial(http_server_port(s));
        bool ended;

        say_text(fd, GET("/a") "\r\n");
        shutdown(fd, SHUT_WR);
        check_contains(hear(fd, NULL, &ended), "body=0");
        check(ended);
        close(fd);
        http_server_close(&s, 1000);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_request_and_its_answer),
                STORY(keep_alive_and_pipelining),
                STORY(answers_without_a_body),
                STORY(problems),
                STORY(expect_100_continue),
                STORY(later),
                STORY(drain_and_close),
                STORY(a_hang_up_right_behind_a_request),
                {NULL, NULL},
        };
        pthread_t resumer;
        int failed;

        log_open("server", false, LOG_ERROR);
        pthread_create(&resumer, NULL, resume_all, NULL);
        failed = check_main(stories, argc, argv);
        atomic_store(&store.stop, true);
        pthread_join(resumer, NULL);
        return failed;
}
