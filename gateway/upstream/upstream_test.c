/* A request as the upstream gets it, and its answer as the caller gets it. */
#include "gateway/upstream/upstream.h"

#include "base/clock.h"
#include "gateway/testing/fake_upstream.h"
#include "gateway/testing/lone_request.h"
#include "testing/check.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *value(const struct upstream_request *x, const char *name)
{
        for (size_t i = 0; i < x->answer_count; i++)
                if (strcasecmp(x->answer[i].name, name) == 0)
                        return x->answer[i].value;
        return NULL;
}

/* Each row: the upstream's answer to one GET, and what the caller gets. */
static const struct {
        const char *name, *answer;
        bool closes, reset;
        enum upstream_outcome outcome;
        int status;
        const char *body;
} cases[] = {
        {"length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", false, false,
         UPSTREAM_ANSWERED, 200, "hi"},
        {"chunked",
         "HTTP/1.1 201 Created\r\nTransfer-Encoding: "
         "chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\nX-Trailer: 1\r\n\r\n",
         false, false, UPSTREAM_ANSWERED, 201, "hi!"},
        {"until the end", "HTTP/1.0 200 OK\r\n\r\nall of it", true, false, UPSTREAM_ANSWERED, 200,
         "all of it"},
        {"1xx first",
         "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
         "1\r\n\r\nx",
         false, false, UPSTREAM_ANSWERED, 200, "x"},
        {"204", "HTTP/1.1 204 No Content\r\n\r\n", false, false, UPSTREAM_ANSWERED, 204, ""},
        {"304", "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\nContent-Length: 5\r\n\r\n", false,
         false, UPSTREAM_ANSWERED, 304, ""},
        {"404", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false, false,
         UPSTREAM_ANSWERED, 404, ""},
        {"redirect is not followed",
         "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", false, false,
         UPSTREAM_ANSWERED, 302, ""},
        {"nothing and FIN", "", true, false, UPSTREAM_BROKEN, 0, NULL},
        {"nothing and RST", "", true, true, UPSTREAM_BROKEN, 0, NULL},
        {"cut in the status line", "HTTP/1.1 20", true, false, UPSTREAM_BROKEN, 0, NULL},
        {"cut in the header", "HTTP/1.1 200 OK\r\nContent-Le", true, false, UPSTREAM_BROKEN, 0,
         NULL},
        {"cut behind a field", "HTTP/1.1 200 OK\r\nX-A: 1\r\n", true, false, UPSTREAM_BROKEN, 0,
         NULL},
        {"cut behind 1xx", "HTTP/1.1 100 Continue\r\n\r\n", true, false, UPSTREAM_BROKEN, 0, NULL},
        {"cut in the body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", true, false,
         UPSTREAM_BROKEN, 200, NULL},
        {"cut in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhi", true,
         false, UPSTREAM_BROKEN, 200, NULL},
        {"no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", true,
         false, UPSTREAM_BROKEN, 200, NULL},
        {"no HTTP", "220 smtp ready\r\n", true, false, UPSTREAM_BROKEN, 0, NULL},
        {"hangs", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", false, false, UPSTREAM_SLOW,
         200, NULL},
};

static void each_answer_is_what_it_is(void)
{
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct fake fake = {.answers = {cases[i].answer},
                                    .closes = cases[i].closes,
                                    .reset = cases[i].reset};
                struct upstream_request *x;

                fake_open(&fake);
                open_all(cases[i].outcome == UPSTREAM_SLOW ? 200 : 5000);
                x = ask("GET", fake.port, "/a", NULL);
                fake_close(&fake);
                if (x->outcome != cases[i].outcome)
                        printf("%s: %s\n", cases[i].name, x->reason);
                check_int(x->outcome, cases[i].outcome);
                check_int(x->status, cases[i].status);
                check_int(atomic_load(&fake.requests), 1);
                check(x->outcome == UPSTREAM_ANSWERED || x->reason != NULL);
                if (cases[i].body)
                        check_text(asked.body.at, cases[i].body);
                close_all();
        }
}

static void trailers_and_early_hints_are_no_fields(void)
{
        struct fake fake = {
                .answers = {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nX-A: "
                            " b \r\nX-E:\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: 1\r\n\r\n"}};
        struct upstream_request *x;

        fake_open(&fake);
        open_all(5000);
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
        open_all(5000);
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

static void nobody_there_is_refused(void)
{
        struct fake fake = {.answers = {NULL}};

        fake_open(&fake);
        fake_close(&fake);
        open_all(5000);
        check_int(ask("GET", fake.port, "/", NULL)->outcome, UPSTREAM_REFUSED);
        close_all();
}

/* Its backlog is full, so that the system drops who asks for a connection. */
static void no_connection_in_time_is_refused(void)
{
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof at;
        int listener = socket(AF_INET, SOCK_STREAM, 0), crowd[4];
        const struct upstream_request *x;

        check(listener >= 0 && bind(listener, (struct sockaddr *)&at, len) == 0 &&
              listen(listener, 0) == 0);
        check_int(getsockname(listener, (struct sockaddr *)&at, &len), 0);
        for (int i = 0; i < 4; i++) {
                crowd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
                (void)!connect(crowd[i], (struct sockaddr *)&at, len);
        }
        open_all(100);
        x = ask("POST", ntohs(at.sin_port), "/", "{}");
        check_int(x->outcome, UPSTREAM_REFUSED);
        check(!x->reached);
        close_all();
        for (int i = 0; i < 4; i++)
                close(crowd[i]);
        close(listener);
}

static void a_silent_upstream_is_slow(void)
{
        struct fake fake = {.answers = {NULL}};
        int64_t before = clock_mono_us();

        fake_open(&fake);
        open_all(100);
        check_int(ask("GET", fake.port, "/", NULL)->outcome, UPSTREAM_SLOW);
        check(clock_mono_us() - before < 5000000);
        fake_close(&fake);
        close_all();
}

static void a_line_break_goes_nowhere(void)
{
        static const struct {
                const char *method, *target, *name, *value;
        } rows[] = {
                {"GET", "/", "X-A", "1\r\nX-B: 2"}, {"GET", "/", "X-A", "\r"},
                {"GET", "/", "X-A", "1\n"},         {"GET", "/", "X-A\r\nX-B", "1"},
                {"GET", "/\r\nX-B: 2", "X-A", "1"}, {"GET / HTTP/1.1\n", "/", "X-A", "1"},
        };
        struct fake fake = {.answers = {NULL}};

        fake_open(&fake);
        open_all(1000);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct http_header evil = header_whole(rows[i].name, rows[i].value);

                start_with(rows[i].method, fake.port, rows[i].target, NULL, &evil, 1);
                check_int(wait_done()->outcome, UPSTREAM_BROKEN);
                check_contains(asked.request.reason, "line break");
        }
        fake_close(&fake);
        check_int(atomic_load(&fake.connections), 0);
        close_all();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(each_answer_is_what_it_is),
                STORY(trailers_and_early_hints_are_no_fields),
                STORY(a_request_goes_out_as_it_is),
                STORY(nobody_there_is_refused),
                STORY(no_connection_in_time_is_refused),
                STORY(a_silent_upstream_is_slow),
                STORY(a_line_break_goes_nowhere),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
