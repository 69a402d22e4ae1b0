/* A GET that is answered with what another daemon answers. */
#include "service/pass.h"

#include "testing/conversation.h"
#include "testing/quiet_streams.h"

#include <stdatomic.h>

enum { TIMEOUT_MS = 400 };

static struct fetcher *fetcher;
static struct http_server *other, *ours;
static const char *base;
static atomic_bool hangs;

static enum http_result answer_other(struct http_request *r, void *arg)
{
        struct text body = text_open(r->arena, 100);

        (void)arg;
        while (strcmp(r->path, "/hang") == 0 && atomic_load(&hangs))
                poll(NULL, 0, 5);
        if (strcmp(r->path, "/large") == 0)
                for (int i = 0; i <= FETCH_MOST; i++)
                        text_char(&body, ' ');
        text_printf(&body, "{\"query\":\"%s\",\"trace\":\"%s\"}", r->query ? r->query : "none",
                    r->trace_id);
        http_answer_body(r, strcmp(r->path, "/gone") == 0 ? 410 : 200, "application/json", &body);
        return HTTP_ANSWERED;
}

static enum http_result handle(struct http_request *r, void *arg)
{
        (void)arg;
        return pass_begin(fetcher, r, base, r->path);
}

static void finish(struct http_request *r, void *arg)
{
        (void)arg;
        pass_finish(r);
}

static void gone(struct http_request *r, void *arg)
{
        (void)arg;
        pass_gone(r);
}

static struct http_streams streams;

static void begin(int most)
{
        struct http_config config = config_of_test((struct http_handler){.handle = answer_other});
        static char url[60];

        other = server_of_test(&config);
        streams = quiet_streams(100000, gone);
        config.handler = (struct http_handler){handle, finish, NULL, &streams};
        ours = server_of_test(&config);
        snprintf(url, sizeof url, "http://127.0.0.1:%d", http_server_port(other));
        base = url;
        fetcher = fetcher_open(most, TIMEOUT_MS);
        atomic_store(&hangs, true);
}

static void end(void)
{
        atomic_store(&hangs, false);
        check_int(http_server_close(&ours, 3000), 0);
        fetcher_close(&fetcher);
        http_server_close(&other, 3000);
}

static const char *get(const char *target, const char *fields)
{
        char request[400];

        snprintf(request, sizeof request,
                 "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n", target, fields);
        return ask(http_server_port(ours), request);
}

static void the_answer_is_passed_on(void)
{
        const char *heard;

        begin(10);
        heard = get("/movements?page=1&size=2",
                    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n");
        check_int(status_of(heard), 200);
        check_contains(heard, "Content-Type: application/json\r\n");
        check_contains(
                heard,
                "{\"query\":\"page=1&size=2\",\"trace\":\"4bf92f3577b34da6a3ce929d0e0e4736\"}");
        check_contains(get("/movements", ""), "{\"query\":\"none\"");
        check_int(status_of(get("/gone", "")), 410);
        end();
}

static void no_answer_is_a_bad_gateway(void)
{
        const char *heard;

        begin(10);
        heard = get("/hang", "");
        check_int(status_of(heard), 502);
        check_contains(heard, "timed out");
        check_int(status_of(get("/large", "")), 502);
        base = "http://127.0.0.1:1";
        check_int(status_of(get("/", "")), 502);
        end();
}

static void more_than_the_fetcher_has_room_for_is_refused(void)
{
        const char *heard;
        int fd;

        begin(1);
        fd = dial(http_server_port(ours));
        say_text(fd, "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
        poll(NULL, 0, 100);
        heard = get("/", "");
        check_int(status_of(heard), 503);
        check_contains(heard, "Retry-After: 1\r\n");
        close(fd);
        end();
}

static void who_hangs_up_disturbs_nobody(void)
{
        struct linger reset = {1, 0};

        begin(100);
        for (int i = 0; i < 12; i++) {
                int fd = dial(http_server_port(ours));

                say_text(fd, "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
                if (i % 2)
                        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
                poll(NULL, 0, i % 3 * 20);
                close(fd);
        }
        atomic_store(&hangs, false);
        check_int(status_of(get("/", "")), 200);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(the_answer_is_passed_on),
                STORY(no_answer_is_a_bad_gateway),
                STORY(more_than_the_fetcher_has_room_for_is_refused),
                STORY(who_hangs_up_disturbs_nobody),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
