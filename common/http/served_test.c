/* Every answer says who gives it, whoever writes the answer: the handler, the checks before it, the
   deadlines, or what ends a server that stops. Not the library, which itself answers what is no
   chunk of a body. */
#include "testing/conversation.h"

#include <stdatomic.h>

#define CLOSE "Connection: close\r\n\r\n"
#define WHO "\r\nX-Served-By: order-1\r\nX-Served-Version: 1.2.3\r\n"

static _Atomic(struct http_request *) held;

static long pull(struct http_request *r, char *to, size_t room)
{
        (void)r, (void)to, (void)room;
        return HTTP_PULL_END;
}

static enum http_result handle(struct http_request *r, void *arg)
{
        struct text body = text_open(r->arena, 64);

        (void)arg;
        text_string(&body, "hello");
        http_answer_body(r, atoi(r->path + 1), "text/plain", &body);
        if (strcmp(r->path, "/204") == 0)
                r->answer.body = r->answer.type = NULL;
        if (r->query && strcmp(r->query, "pieces") == 0) {
                r->answer.pull = pull;
                r->answer.pull_len = -1;
        }
        if (r->query && strcmp(r->query, "passed") == 0) {
                r->answer.passed_on = true;
                http_answer_header(r, "X-Served-By", "another");
        }
        if (strcmp(r->path, "/later") != 0)
                return HTTP_ANSWERED;
        atomic_store(&held, r);
        return HTTP_LATER;
}

static void finish(struct http_request *r, void *arg)
{
        (void)arg;
        r->answer.status = 204;
}

static struct http_server *start(void)
{
        struct http_config config =
                config_of_test((struct http_handler){.handle = handle, .finish = finish});

        config.pod = "order-1";
        config.version = "1.2.3";
        config.header_ms = config.body_ms = 300;
        config.max_target = 100;
        return server_of_test(&config);
}

static void check_once(const char *answer, const char *part)
{
        check_contains(answer, part);
        check(!strstr(strstr(answer, part) + 1, part));
}

static void every_answer_says_who_gives_it(void)
{
        static const struct {
                const char *request;
                int status;
        } rows[] = {
                {"GET /200 HTTP/1.1\r\nHost: a\r\n" CLOSE, 200},
                {"HEAD /200 HTTP/1.1\r\nHost: a\r\n" CLOSE, 200},
                {"GET /200?pieces HTTP/1.1\r\nHost: a\r\n" CLOSE, 200},
                {"DELETE /204 HTTP/1.1\r\nHost: a\r\n" CLOSE, 204},
                {"GET /304 HTTP/1.1\r\nHost: a\r\n" CLOSE, 304},
                {"GET /0 HTTP/1.1\r\nHost: a\r\n" CLOSE, 500},
                {"GET /200 HTTP/1.1\r\nHost: /\r\n" CLOSE, 400}, /* no Host at all: 1.0 of the
                                                                   library answers by itself */
                {"BREW /200 HTTP/1.1\r\nHost: a\r\n" CLOSE, 501},
                {"POST /200 HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n" CLOSE, 413},
                {"GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: a\r\n" CLOSE,
                 414},
                {"GET /200 HTTP/1.1\r\nHost:", 408},
                {"POST /200 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhi", 408},
        };
        struct http_server *s = start();

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                const char *answer = ask(http_server_port(s), rows[i].request);

                check_int(status_of(answer), rows[i].status);
                check_once(answer, WHO);
        }
        check_contains(ask(http_server_port(s), rows[0].request),
                       "Content-Type: text/plain" WHO); /* one field to the library */
        http_server_close(&s, 1000);
}

static void a_request_that_outlives_its_server_is_told_who(void)
{
        struct http_server *s = start();
        int fd = dial(http_server_port(s));
        struct http_request *r;
        bool ended;

        say_text(fd, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
        while (!(r = atomic_load(&held)))
                poll(NULL, 0, 1);
        check_int(http_server_close(&s, 10), 1);
        check_once(hear(fd, "}", &ended), WHO);
        close(fd);
        http_resume(r);
}

/* Who made it says so, or nobody. */
static void an_answer_that_is_passed_on_is_not_ours(void)
{
        struct http_server *s = start();
        const char *answer =
                ask(http_server_port(s), "GET /200?passed HTTP/1.1\r\nHost: a\r\n" CLOSE);

        check_once(answer, "\r\nX-Served-By: another\r\n");
        check(!strstr(answer, "order-1") && !strstr(answer, "X-Served-Version"));
        check_contains(answer, "Content-Type: text/plain\r\n");
        http_server_close(&s, 1000);
}

static void without_a_pod_nobody_is_named(void)
{
        struct http_config config =
                config_of_test((struct http_handler){.handle = handle, .finish = finish});
        struct http_server *s = server_of_test(&config);
        const char *answer = ask(http_server_port(s), "GET /200 HTTP/1.1\r\nHost: a\r\n" CLOSE);

        check_contains(answer, "Content-Type: text/plain\r\n");
        check(!strstr(answer, "X-Served"));
        check(!strstr(ask(http_server_port(s), "GET /200 HTTP/1.1\r\n" CLOSE), "X-Served"));
        http_server_close(&s, 1000);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(every_answer_says_who_gives_it),
                STORY(a_request_that_outlives_its_server_is_told_who),
                STORY(an_answer_that_is_passed_on_is_not_ours),
                STORY(without_a_pod_nobody_is_named),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
