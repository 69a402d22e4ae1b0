/* A status in place of the handler, and answers that come later; from a server whose handler gets
   whole requests. Servers that take bodies in pieces are in injected_stream_test. */
#include "http/injected.h"

#include "base/log.h"
#include "testing/struck_server.h"

enum { WAITING = 50 };

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
                {NULL, NULL},
        };

        log_open("injected", false, LOG_ERROR);
        return check_main(stories, argc, argv);
}
