/* What is recorded of a request when it is over. */
#include "http/access.h"

#include "base/log.h"
#include "testing/conversation.h"
#include "testing/overheard.h"

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static struct metrics *metrics;
static struct http_server *server;
static struct arena *arena;

static enum http_result handle(struct http_request *r, void *arg)
{
        (void)arg;
        r->uri_template = "/test";
        r->untraced = r->routine = strcmp(r->path, "/probe") == 0;
        http_answer_problem(r, 200, "fine");
        return HTTP_ANSWERED;
}

static void begin(void)
{
        struct http_config config = config_of_test((struct http_handler){.handle = handle});

        arena = arena_open();
        config.metrics = metrics = metrics_open();
        server = server_of_test(&config);
}

static void ask_for(const char *request)
{
        check_contains(ask(http_server_port(server), request), "HTTP/1.1 200 ");
}

static const char *end(void)
{
        struct text out = text_open(arena, 4000);

        check_int(http_server_close(&server, 5000), 0);
        metrics_prometheus(metrics, false, &out);
        metrics_close(&metrics);
        return out.at;
}

static void a_request_is_counted_and_has_a_line(void)
{
        const char *shown;

        overhear();
        begin();
        ask_for(GET("/one"));
        ask_for(GET("/two"));
        shown = end();
        overhear_no_more();
        check_contains(shown, "http_server_requests_seconds_count{method=\"GET\",uri=\"/test\","
                              "status=\"200\",outcome=\"SUCCESS\"} 2\n");
        check_int(overheard("GET /one 200"), 1);
        check_int(overheard("GET /two 200"), 1);
        arena_close(&arena);
}

static void what_is_routine_is_neither_counted_nor_told(void)
{
        const char *shown;

        overhear();
        begin();
        ask_for(GET("/probe"));
        ask_for(GET("/one"));
        shown = end();
        overhear_no_more();
        check_contains(shown, "status=\"200\",outcome=\"SUCCESS\"} 1\n");
        check_int(overheard("GET /probe 200"), 0);
        check_int(overheard("GET /one 200"), 1);
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_request_is_counted_and_has_a_line),
                STORY(what_is_routine_is_neither_counted_nor_told),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
