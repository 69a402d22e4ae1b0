/* Faults that strike the requests of a server whose handler gets whole requests. Those of one that
   takes bodies in pieces are in injected_stream_test. */
#include "http/injected.h"

#include "base/log.h"
#include "testing/conversation.h"
#include "testing/faults_on.h"

#include <stdatomic.h>

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n"
#define HEAD(target) "HEAD " target " HTTP/1.1\r\nHost: a\r\n\r\n"

enum { SHORT = 1000, LONG = 4 << 20, WAITING = 50 };

static struct {
        struct metrics *metrics;
        struct faults *faults;
        struct http_server *server;
        int port;
        atomic_int handled;
        char *body;
} play;

/* ---- a server ---- */

static long pull(struct http_request *r, char *to, size_t room)
{
        int *pieces = r->state;

        if (!(*pieces)--)
                return HTTP_PULL_END;
        (void)room;
        memcpy(to, "piece;", 6);
        return 6;
}

static void in_pieces(struct http_request *r, int64_t len)
{
        int *pieces = arena_alloc(r->arena, sizeof *pieces);

        *pieces = 10;
        r->state = pieces;
        r->answer.status = 200;
        r->answer.pull = pull;
        r->answer.pull_len = len;
}

static void answer(struct http_request *r)
{
        r->answer.status = 200;
        r->answer.type = "text/plain";
        r->answer.body = play.body;
        r->answer.len = strcmp(r->path, "/long") == 0 ? LONG : SHORT;
        if (strcmp(r->path, "/204") == 0 || strcmp(r->path, "/304") == 0)
                r->answer = (struct http_answer){.status = atoi(r->path + 1)};
        else if (strcmp(r->path, "/chunked") == 0 || strcmp(r->path, "/pieces") == 0)
                in_pieces(r, strcmp(r->path, "/pieces") == 0 ? 60 : -1);
}

static void finish(struct http_request *r, void *arg)
{
        (void)arg;
        answer(r);
}

static enum http_result handle(struct http_request *r, void *arg)
{
        (void)arg;
        atomic_fetch_add(&play.handled, 1);
        r->uri_template = "/test";
        if (strcmp(r->path, "/late") == 0) {
                http_resume(r);
                return HTTP_LATER;
        }
        answer(r);
        return HTTP_ANSWERED;
}

static void begin(void)
{
        struct http_config config =
                config_of_test((struct http_handler){.handle = handle, .finish = finish});

        memset(&play, 0, sizeof play);
        play.body = memory_alloc(LONG + 1);
        memset(play.body, 'x', LONG);
        play.metrics = metrics_open();
        play.faults = faults_of_test(play.metrics);
        config.metrics = play.metrics;
        config.faults = play.faults;
        play.server = server_of_test(&config);
        play.port = http_server_port(play.server);
}

static void end(void)
{
        check_int(http_server_close(&play.server, 5000), 0);
        faults_close(&play.faults);
        metrics_close(&play.metrics);
        free(play.body);
}

static void on(const char *fault)
{
        fault_on(play.faults, fault);
}

/* Whether the metrics have such a line. */
static void check_metric(const char *line)
{
        struct arena *arena = arena_open();
        struct text all = text_open(arena, 4096);

        metrics_prometheus(play.metrics, false, &all);
        check_contains(all.at, line);
        arena_close(&arena);
}

/* Until so many requests wait for their answers. */
static void wait_for(int handled, int in_flight)
{
        int64_t most = clock_mono_us() + 5000000;

        while ((atomic_load(&play.handled) < handled ||
                http_server_in_flight(play.server) != in_flight) &&
               clock_mono_us() < most)
                poll(NULL, 0, 1);
        check_int(atomic_load(&play.handled), handled);
        check_int(http_server_in_flight(play.server), in_flight);
}

/* All that comes until the connection ends, and whether that was by a reset. */
static size_t hear_all(int fd, char *to, size_t room, bool *reset)
{
        struct timeval patience = {.tv_sec = 5};
        size_t len = 0;
        ssize_t n;

        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        while ((n = recv(fd, to + len, room - 1 - len, 0)) > 0)
                len += (size_t)n;
        *reset = n < 0 && errno == ECONNRESET;
        to[len] = '\0';
        close(fd);
        return len;
}

/* What comes for the request before the connection is reset; static. */
static const char *reset_after(const char *request)
{
        static char heard[SHORT + 1000];
        int fd = dial(play.port);
        bool reset;

        say_text(fd, request);
        hear_all(fd, heard, sizeof heard, &reset);
        check(reset);
        return heard;
}

static size_t body_len(const char *heard)
{
        const char *head_end = strstr(heard, "\r\n\r\n");

        check(head_end != NULL);
        return strlen(head_end + 4);
}

/* ---- a status ---- */

static void a_status_in_place_of_the_handler(void)
{
        int fd;
        const char *heard;

        begin();
        on("{\"kind\":\"http-status\",\"status\":503,\"path\":\"/orders/"
           "{id}\",\"method\":\"GET\"}");
        fd = dial(play.port);
        heard = next(fd, GET("/orders/1"), "}");
        check_int(status_of(heard), 503);
        check_contains(heard, "Content-Type: application/problem+json\r\n");
        check_contains(heard, "Retry-After: 1\r\n");
        check_contains(heard, "the fault http-status made this answer, and nothing was done");
        check_int(atomic_load(&play.handled), 0);
        /* the connection goes on, and others are served */
        check_int(status_of(next(fd, GET("/orders"), "xxx")), 200);
        check_int(status_of(next(fd, HEAD("/orders/1"), "\r\n\r\n")), 200);
        check_int(atomic_load(&play.handled), 2);
        close(fd);
        check_metric("mall_faults_injected_total{kind=\"http-status\"} 1");
        check_metric("http_server_requests_seconds_count{method=\"GET\",uri=\"UNKNOWN\","
                     "status=\"503\",outcome=\"SERVER_ERROR\"} 1");
        end();
}

static void a_teapot_says_nothing_of_later(void)
{
        int fd;
        const char *heard;

        begin();
        on("{\"kind\":\"http-status\",\"status\":418}");
        fd = dial(play.port);
        heard = next(fd, HEAD("/a"), "\r\n\r\n");
        check_int(status_of(heard), 418);
        check(!strstr(heard, "Retry-After"));
        check_int(status_of(next(fd, GET("/actuator/health"), "xxx")), 200);
        check_int(status_of(next(fd, GET("/actuators"), "}")), 418);
        close(fd);
        end();
}

static void half_of_all_by_a_rate(void)
{
        int fd, struck = 0;
        char line[80];

        begin();
        on("{\"kind\":\"http-status\",\"status\":503,\"rate\":0.5}");
        fd = dial(play.port);
        for (int i = 0; i < 200; i++)
                struck += status_of(next(fd, HEAD("/a"), "\r\n\r\n")) == 503;
        close(fd);
        check(struck > 50 && struck < 150); /* 7 standard deviations */
        check_int(atomic_load(&play.handled), 200 - struck);
        snprintf(line, sizeof line, "mall_faults_injected_total{kind=\"http-status\"} %d", struck);
        check_metric(line);
        end();
}

/* ---- latency ---- */

static void every_kind_of_answer_comes_later(void)
{
        static const struct {
                const char *request, *until;
        } rows[] = {
                {GET("/short"), "xxx"},
                {GET("/late"), "xxx"},
                {HEAD("/short"), "\r\n\r\n"},
                {GET("/204"), "\r\n\r\n"},
                {GET("/304"), "\r\n\r\n"},
                {GET("/chunked"), "0\r\n\r\n"},
                {GET("/pieces"), "piece;piece;piece;piece;piece;piece;piece;piece;piece;piece;"},
        };
        int fd;

        begin();
        on("{\"kind\":\"http-latency\",\"delay\":\"120ms\"}");
        fd = dial(play.port);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                int64_t since = clock_mono_us();

                check_contains(next(fd, rows[i].request, rows[i].until), rows[i].until);
                check(clock_mono_us() - since >= 120000);
        }
        /* two at once come one after the other */
        check_contains(next(fd, GET("/204") GET("/pieces"), "piece;piece;piece;"), "HTTP/1.1 204");
        close(fd);
        check_metric("mall_faults_injected_total{kind=\"http-latency\"} 9");
        end();
}

static void dial_many(int *fds, int count, const char *request)
{
        for (int i = 0; i < count; i++) {
                fds[i] = dial(play.port);
                say_text(fds[i], request);
        }
        wait_for(count, count);
}

static void hear_many(const int *fds, int count)
{
        for (int i = 0; i < count; i++) {
                bool ended;

                check_int(status_of(hear(fds[i], "xxx", &ended)), 200);
                close(fds[i]);
        }
}

static void the_end_of_a_fault_frees_all_that_wait(void)
{
        int fds[WAITING];

        begin();
        on("{\"kind\":\"http-latency\",\"delay\":\"60s\"}");
        dial_many(fds, WAITING, GET("/late"));
        check_int(faults_clear(play.faults), 1);
        hear_many(fds, WAITING);
        end();
}

static void a_server_closes_while_answers_wait(void)
{
        int fds[5];

        begin();
        on("{\"kind\":\"http-latency\",\"delay\":\"60s\"}");
        dial_many(fds, 5, GET("/short"));
        check_int(http_server_close(&play.server, 5000), 0);
        hear_many(fds, 5);
        end();
}

static void a_client_that_hangs_up_waits_no_longer(void)
{
        int gone, half;
        bool ended;

        begin();
        on("{\"kind\":\"http-latency\",\"delay\":\"60s\"}");
        dial_many(&gone, 1, GET("/short"));
        close(gone);
        wait_for(1, 0);
        half = dial(play.port);
        say_text(half, GET("/short"));
        wait_for(2, 1);
        shutdown(half, SHUT_WR);
        check_int(status_of(hear(half, NULL, &ended)), 200);
        check(ended);
        close(half);
        /* both at once: the end may be seen before the answer is there */
        half = dial(play.port);
        say_text(half, GET("/short"));
        shutdown(half, SHUT_WR);
        check_int(status_of(hear(half, NULL, &ended)), 200);
        check(ended);
        close(half);
        end();
}

/* ---- reset and half an answer ---- */

static void a_reset_after_the_work_was_done(void)
{
        int fd;
        char heard[100];
        bool reset;

        begin();
        fd = dial(play.port);
        check_int(status_of(next(fd, GET("/204"), "\r\n\r\n")), 204);
        on("{\"kind\":\"http-reset\"}");
        say_text(fd, "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
        check_int((int64_t)hear_all(fd, heard, sizeof heard, &reset), 0);
        check(reset);
        check_int(atomic_load(&play.handled), 2);
        check_text(reset_after(GET("/short")), "");
        check_text(reset_after(GET("/chunked")), "");
        check_text(reset_after(HEAD("/204")), "");
        wait_for(5, 0);
        check_metric("http_server_requests_seconds_count{method=\"POST\",uri=\"/test\","
                     "status=\"444\",outcome=\"SERVER_ERROR\"} 1");
        end();
}

static void half_of_a_whole_answer(void)
{
        static char heard[LONG + 1000];
        const char *short_one;
        bool reset;
        int fd;

        begin();
        on("{\"kind\":\"http-half-answer\"}");
        short_one = reset_after(GET("/short"));
        check_int(status_of(short_one), 200);
        check_contains(short_one, "Content-Length: 1000\r\n");
        check_contains(short_one, "Content-Type: text/plain\r\n");
        check_int((int64_t)body_len(short_one), SHORT / 2);
        check_int((int64_t)body_len(reset_after(GET("/late"))), SHORT / 2);
        fd = dial(play.port);
        say_text(fd, GET("/long"));
        hear_all(fd, heard, sizeof heard, &reset);
        check(reset);
        check_contains(heard, "Content-Length: 4194304\r\n");
        check_int((int64_t)body_len(heard), LONG / 2);
        wait_for(3, 0);
        check_metric("status=\"200\",outcome=\"SUCCESS\"} 3");
        end();
}

static void half_of_an_answer_in_pieces(void)
{
        const char *heard;

        begin();
        on("{\"kind\":\"http-half-answer\"}");
        heard = reset_after(GET("/chunked"));
        check_contains(heard, "Transfer-Encoding: chunked\r\n");
        check_contains(heard, "\r\n\r\n6\r\npiece;");
        check(!strstr(heard, "0\r\n\r\n"));
        check(!strstr(heard, "piece;\r\n6"));
        heard = reset_after(GET("/pieces"));
        check_contains(heard, "Content-Length: 60\r\n");
        check_int((int64_t)body_len(heard), 30);
        end();
}

static void half_of_a_head_where_there_is_no_body(void)
{
        static const char *const requests[] = {HEAD("/short"), HEAD("/chunked"), GET("/204"),
                                               GET("/304")};

        begin();
        on("{\"kind\":\"http-half-answer\"}");
        for (int i = 0; i < 4; i++) {
                const char *heard = reset_after(requests[i]);

                check_contains(heard, "HTTP/1.1 ");
                check(!strstr(heard, "\r\n\r\n"));
        }
        wait_for(4, 0);
        end();
}

static void several_faults_strike_one_request(void)
{
        int64_t since;
        const char *heard;

        begin();
        on("{\"kind\":\"http-half-answer\"}");
        on("{\"kind\":\"http-latency\",\"delay\":\"120ms\"}");
        on("{\"kind\":\"http-status\",\"status\":500}");
        since = clock_mono_us();
        heard = reset_after(GET("/short"));
        check(clock_mono_us() - since >= 120000);
        check_int(status_of(heard), 500);
        check(body_len(heard) > 10 && !strchr(heard, '}'));
        check_int(atomic_load(&play.handled), 0);
        on("{\"kind\":\"http-reset\"}");
        check_text(reset_after(GET("/short")), "");
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_status_in_place_of_the_handler),
                STORY(a_teapot_says_nothing_of_later),
                STORY(half_of_all_by_a_rate),
                STORY(every_kind_of_answer_comes_later),
                STORY(the_end_of_a_fault_frees_all_that_wait),
                STORY(a_server_closes_while_answers_wait),
                STORY(a_client_that_hangs_up_waits_no_longer),
                STORY(a_reset_after_the_work_was_done),
                STORY(half_of_a_whole_answer),
                STORY(half_of_an_answer_in_pieces),
                STORY(half_of_a_head_where_there_is_no_body),
                STORY(several_faults_strike_one_request),
                {NULL, NULL},
        };

        log_open("injected", false, LOG_ERROR);
        return check_main(stories, argc, argv);
}
