/* Connections that are reset before an answer or in its middle. */
#include "http/injected.h"

#include "base/log.h"
#include "testing/struck_server.h"

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
                STORY(a_reset_after_the_work_was_done),
                STORY(half_of_a_whole_answer),
                STORY(half_of_an_answer_in_pieces),
                STORY(half_of_a_head_where_there_is_no_body),
                STORY(several_faults_strike_one_request),
                {NULL, NULL},
        };

        log_open("injected_cut", false, LOG_ERROR);
        return check_main(stories, argc, argv);
}
