/* How much a client may send, how much memory all requests may take together, and how many
   connections there may be. */

#include "base/log.h"
#include "testing/conversation.h"

enum { PATIENCE_US = 20 * 1000 * 1000 };

#define CLOSE "Connection: close\r\n\r\n"
#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n"

static enum http_result handle(struct http_request *r, void *arg)
{
        struct text body = text_open(r->arena, 64);

        (void)arg;
        text_printf(&body, "body=%zu", r->body_len);
        http_answer_body(r, 200, "text/plain", &body);
        return HTTP_ANSWERED;
}

static struct http_config config_here(void)
{
        return config_of_test((struct http_handler){.handle = handle});
}

static void big(char *to, size_t len, const char *before, char fill, const char *after)
{
        size_t used = strlen(before);

        memcpy(to, before, used);
        memset(to + used, fill, len);
        strcpy(to + used + len, after);
}

static void limits(void)
{
        static char all[400000];
        struct http_config config = config_here();
        struct http_server *s = server_of_test(&config);
        int port = http_server_port(s), at;

        big(all, 8190, "GET /", 'a', " HTTP/1.1\r\nHost: a\r\n" CLOSE);
        check_int(status_of(ask(port, all)), 200);
        big(all, 8300, "GET /", 'a', " HTTP/1.1\r\nHost: a\r\n" CLOSE);
        check_int(status_of(ask(port, all)), 414);
        big(all, 200000, "GET /", 'a', " HTTP/1.1\r\nHost: a\r\n" CLOSE);
        check_int(status_of(ask(port, all)), 414);
        big(all, 32000, GET("/") "X: ", 'a', "\r\n" CLOSE);
        check_int(status_of(ask(port, all)), 200);
        big(all, 33000, GET("/") "X: ", 'a', "\r\n" CLOSE);
        check_int(status_of(ask(port, all)), 431);
        big(all, 200000, GET("/") "X: ", 'a', "\r\n" CLOSE);
        check_int(status_of(ask(port, all)), 431);
        at = sprintf(all, "%s", GET("/"));
        for (int i = 0; i < 98; i++)
                at += sprintf(all + at, "X-%d: 1\r\n", i);
        strcpy(all + at, CLOSE);
        check_int(status_of(ask(port, all)), 200);
        strcpy(all + at, "X-One: 1\r\n" CLOSE);
        check_int(status_of(ask(port, all)), 431);
        big(all, 100000, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n" CLOSE, 'a', "");
        check_contains(ask(port, all), "body=100000");
        big(all, 100001, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n" CLOSE, 'a', "");
        check_int(status_of(ask(port, all)), 413);
        big(all, 300000,
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" CLOSE "493e0\r\n", 'a',
            "\r\n0\r\n\r\n");
        check_int(status_of(ask(port, all)), 413);
        http_server_close(&s, 1000);
}

/* Fields and cookies cost the library memory that the answer's head needs, too: each request still
   gets an answer. */
static void many_small_parts(void)
{
        static const struct {
                const char *begin, *part, *end;
                int least, most, step, good; /* how often; up to `good` it is 200 */
        } rows[] = {
                {"GET /?", "a=1&", " HTTP/1.1\r\nHost: a\r\n" CLOSE, 1, 2000, 97, 2000},
                {"GET /?", "&", " HTTP/1.1\r\nHost: a\r\n" CLOSE, 8000, 8000, 1, 8000},
                {GET("/") "Cookie: a=1", "; a=1", "\r\n" CLOSE, 500, 560, 4, 500},
                {GET("/") "Cookie: a=", "12345678", "\r\n" CLOSE, 2000, 2700, 1, 2000},
                {GET("/"), "a:\r\n", CLOSE, 98, 700, 43, 98},
                {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: "
                 "close\r\n\r\n2\r\nhi\r\n0\r\n",
                 "a: b\r\n", "\r\n", 97, 700, 11, 97},
        };
        static char all[60000], query[60000];
        struct http_config config = config_here();
        struct http_server *s = server_of_test(&config);

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                for (int n = rows[i].least; n <= rows[i].most; n += rows[i].step) {
                        char *end = stpcpy(all, rows[i].begin);
                        int status;

                        for (int part = 0; part < n; part++)
                                end = stpcpy(end, rows[i].part);
                        strcpy(end, rows[i].end);
                        status = status_of(ask(http_server_port(s), all));
                        check_int(status, n <= rows[i].good || status == 200 ? 200 : 431);
                }
        /* with the fields in the library's buffer already */
        big(all, 20000, " HTTP/1.1\r\nHost: a\r\nX: ", 'a', "\r\n" CLOSE);
        memset(query, '&', 8000);
        memcpy(query, "GET /?", 6);
        strcpy(query + 8000, all);
        check_int(status_of(ask(http_server_port(s), query)), 200);
        http_server_close(&s, 1000);
}

/* A connection with a request under way that the server has seen. */
static int begun(struct http_server *s)
{
        int fd = dial(http_server_port(s)), before = http_server_in_flight(s);
        int64_t end = clock_mono_us() + PATIENCE_US;

        say_text(fd, GET("/a"));
        while (http_server_in_flight(s) == before && clock_mono_us() < end)
                poll(NULL, 0, 1);
        check_int(http_server_in_flight(s), before + 1);
        return fd;
}

/* The connection that is idle longest is closed for a new one, and no other. */
static void the_longest_idle_gives_way(void)
{
        struct http_config config = config_here();
        struct http_server *s;
        int busy, idle[2], fresh[2];
        bool ended;

        config.max_connections = 3;
        s = server_of_test(&config);
        busy = begun(s);
        for (int i = 0; i < 2; i++) {
                idle[i] = dial(http_server_port(s));
                next(idle[i], GET("/a") "\r\n", "body=0");
        }
        fresh[0] = dial(http_server_port(s));
        check_contains(next(fresh[0], GET("/a") "\r\n", "body=0"), "HTTP/1.1 200 OK");
        check_text(hear(idle[0], NULL, &ended), "");
        check(ended);
        fresh[1] = dial(http_server_port(s));
        check_contains(next(fresh[1], GET("/a") "\r\n", "body=0"), "HTTP/1.1 200 OK");
        check_text(hear(idle[1], NULL, &ended), "");
        check(ended);
        check_contains(next(fresh[0], GET("/a") "\r\n", "body=0"), "HTTP/1.1 200 OK");
        check_contains(next(busy, "\r\n", "body=0"), "HTTP/1.1 200 OK");
        for (int i = 0; i < 2; i++) {
                close(idle[i]);
                close(fresh[i]);
        }
        close(busy);
        http_server_close(&s, 1000);
}

static void the_limit_of_connections(void)
{
        struct http_config config = config_here();
        struct http_server *s;
        int first, second, third;

        config.max_connections = 2;
        s = server_of_test(&config);
        first = begun(s);
        second = begun(s);
        third = dial(http_server_port(s)); /* waits in the backlog until there is room */
        say_text(third, GET("/a") "\r\n");
        close(first);
        check_contains(next(third, "", "body=0"), "HTTP/1.1 200 OK");
        close(second);
        close(third);
        http_server_close(&s, 1000);
}

static void the_limit_of_one_client(void)
{
        struct http_config config = config_here();
        struct http_server *s;
        int mine[3];
        bool ended;

        config.max_client_connections = 2;
        s = server_of_test(&config);
        for (int i = 0; i < 2; i++) {
                mine[i] = dial(http_server_port(s));
                next(mine[i], GET("/a") "\r\n", "body=0");
        }
        mine[2] = dial(http_server_port(s));
        check_text(hear(mine[2], NULL, &ended), "");
        check(ended);
        check_contains(next(mine[0], GET("/a") "\r\n", "body=0"), "HTTP/1.1 200 OK");
        for (int i = 0; i < 3; i++)
                close(mine[i]);
        http_server_close(&s, 1000);
}

static void until_taken(struct allowance *memory, bool some)
{
        int64_t end = clock_mono_us() + PATIENCE_US;

        while (!atomic_load(&memory->taken) == some && clock_mono_us() < end)
                poll(NULL, 0, 1);
        check(!atomic_load(&memory->taken) != some);
}

/* A request's memory ends with its answer, not with the next request. */
static void an_idle_connection_keeps_nothing(void)
{
        static char all[200000];
        struct allowance memory = {.most = 1 << 30};
        struct http_config config = config_here();
        struct http_server *s;
        int fd;

        config.memory = &memory;
        s = server_of_test(&config);
        fd = dial(http_server_port(s));
        big(all, 90000, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n", 'a', "");
        check_contains(next(fd, all, "body=90000"), "HTTP/1.1 200 OK");
        until_taken(&memory, false);
        big(all, 90000, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n15f90\r\n",
            'a', "\r\n0\r\n\r\n");
        check_contains(next(fd, all, "body=90000"), "HTTP/1.1 200 OK");
        until_taken(&memory, false);
        say_text(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\na");
        until_taken(&memory, true);
        close(fd);
        until_taken(&memory, false);
        http_server_close(&s, 1000);
}

/* Half a body holds most of the memory: requests of that size get 503, small ones are served. */
static void the_memory_of_all_requests(void)
{
        static char known[200000], chunked[200000];
        struct allowance memory = {.most = 100000};
        struct http_config config = config_here();
        struct http_server *s;
        int port, first;

        config.memory = &memory;
        s = server_of_test(&config);
        port = http_server_port(s);
        first = dial(port);
        big(known, 90000, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n" CLOSE, 'a', "");
        big(chunked, 90000,
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" CLOSE "15f90\r\n", 'a',
            "\r\n0\r\n\r\n");
        say_text(first, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\na");
        until_taken(&memory, true);
        check_contains(ask(port, known), "HTTP/1.1 503 Service Unavailable\r\n");
        check_contains(ask(port, known), "Retry-After: 1\r\n");
        check_contains(ask(port, chunked), "HTTP/1.1 503 Service Unavailable\r\n");
        check_contains(ask(port, chunked), "Retry-After: 1\r\n");
        check_contains(ask(port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n" CLOSE "hi"),
                       "body=2");
        check_contains(ask(port,
                           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" CLOSE
                           "2\r\nhi\r\n0\r\n\r\n"),
                       "body=2");
        check_contains(ask(port, GET("/") CLOSE), "body=0");
        close(first);
        until_taken(&memory, false);
        check_contains(ask(port, known), "body=90000");
        check_contains(ask(port, chunked), "body=90000");
        until_taken(&memory, false);
        http_server_close(&s, 1000);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(limits),
                STORY(many_small_parts),
                STORY(the_longest_idle_gives_way),
                STORY(the_limit_of_connections),
                STORY(an_idle_connection_keeps_nothing),
                STORY(the_memory_of_all_requests),
                STORY(the_limit_of_one_client),
                {NULL, NULL},
        };

        log_open("limits", false, LOG_ERROR);
        return check_main(stories, argc, argv);
}
