/* Faults that strike the requests of a server that takes bodies in pieces, as the gateway does. */
#include "http/injected.h"

#include "base/log.h"
#include "http/loop.h"
#include "testing/conversation.h"
#include "testing/faults_on.h"

#include <stdatomic.h>

enum { WHOLE = 1000, BODY = 90000 };

static struct {
        struct faults *faults;
        struct http_server *server;
        int port;
        atomic_int begun, gone, ended, finished;
} play;

/* ---- a server: /refuse answers the beginning of a body, all others its end ---- */

static enum http_result handle(struct http_request *r, void *arg)
{
        (void)arg;
        atomic_fetch_add(&play.begun, 1);
        if (strcmp(r->path, "/refuse") == 0) {
                http_answer_problem(r, 404, "nothing here, however long one looks for it");
                return HTTP_ANSWERED;
        }
        if (!r->partial)
                http_resume(r);
        return HTTP_LATER;
}

static long pull(struct http_request *r, char *to, size_t room)
{
        (void)r, (void)room;
        memcpy(to, "piece;", 6);
        return 6;
}

static void finish(struct http_request *r, void *arg)
{
        (void)arg;
        atomic_fetch_add(&play.finished, 1);
        if (strcmp(r->path, "/endless") != 0) {
                http_answer_problem(r, 200, "taken");
                return;
        }
        r->answer.status = 200;
        r->answer.pull = pull;
        r->answer.pull_len = -1;
}

static size_t take(struct http_request *r, const char *data, size_t len, void *arg)
{
        (void)data, (void)arg;
        if (!len)
                http_resume(r);
        return len;
}

static void gone(struct http_request *r, void *arg)
{
        (void)r, (void)arg;
        atomic_fetch_add(&play.gone, 1);
}

static void ended(struct http_request *r, void *arg)
{
        (void)r, (void)arg;
        atomic_fetch_add(&play.ended, 1);
}

static void enter(int worker, struct loop *loop, void *arg)
{
        (void)worker, (void)loop, (void)arg;
}

static void leave(int worker, void *arg)
{
        (void)worker, (void)arg;
}

static void begin(void)
{
        static const struct http_streams streams = {WHOLE, take, gone, ended, enter, leave, NULL};
        struct http_config config =
                config_of_test((struct http_handler){handle, finish, NULL, &streams});

        memset(&play, 0, sizeof play);
        config.faults = play.faults = faults_of_test(NULL);
        play.server = server_of_test(&config);
        play.port = http_server_port(play.server);
}

static void end(void)
{
        check_int(http_server_close(&play.server, 5000), 0);
        faults_close(&play.faults);
}

static void wait_for(atomic_int *what, int count)
{
        int64_t most = clock_mono_us() + 5000000;

        while (atomic_load(what) < count && clock_mono_us() < most)
                poll(NULL, 0, 1);
        check_int(atomic_load(what), count);
}

/* A POST with a long body, of which only so much is sent. */
static const char *post(const char *path, size_t sent)
{
        static char text[BODY + 200];
        int head = snprintf(text, sizeof text,
                            "POST %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                            "Content-Length: %d\r\n\r\n",
                            path, BODY);

        memset(text + head, 'x', sent);
        text[(size_t)head + sent] = '\0';
        return text;
}

/* ---- */

static void a_long_body_and_an_answer_that_comes_later(void)
{
        int64_t since;

        begin();
        fault_on(play.faults, "{\"kind\":\"http-latency\",\"delay\":\"120ms\"}");
        since = clock_mono_us();
        check_int(status_of(ask(play.port, post("/long", BODY))), 200);
        check(clock_mono_us() - since >= 120000);
        check_int(atomic_load(&play.finished), 1);
        wait_for(&play.ended, 1);
        end();
}

/* The rest of the body does not come: the client waits for the answer first. */
static void an_early_answer_comes_later(void)
{
        static const size_t sent[] = {BODY, WHOLE + 1, 20000};

        begin();
        fault_on(play.faults, "{\"kind\":\"http-latency\",\"delay\":\"120ms\"}");
        for (int i = 0; i < 3; i++) {
                int64_t since = clock_mono_us();

                check_int(status_of(ask(play.port, post("/refuse", sent[i]))), 404);
                check(clock_mono_us() - since >= 120000);
        }
        end();
}

static void an_early_answer_waits_as_long_as_the_fault(void)
{
        int fd;
        bool over;

        begin();
        fault_on(play.faults, "{\"kind\":\"http-latency\",\"delay\":\"60s\"}");
        fd = dial(play.port);
        say_text(fd, post("/refuse", WHOLE + 1));
        wait_for(&play.begun, 1);
        faults_clear(play.faults);
        check_int(status_of(hear(fd, NULL, &over)), 404);
        check(over);
        close(fd);
        end();
}

static void an_early_answer_is_a_status_a_half_or_nothing(void)
{
        const char *half;
        int64_t fault;

        begin();
        fault = fault_on(play.faults, "{\"kind\":\"http-status\",\"status\":507}");
        check_int(status_of(ask(play.port, post("/long", WHOLE + 1))), 507);
        check_int(atomic_load(&play.begun), 0);
        faults_remove(play.faults, fault);
        fault = fault_on(play.faults, "{\"kind\":\"http-half-answer\"}");
        half = ask(play.port, post("/refuse", WHOLE + 1));
        check_int(status_of(half), 404);
        check(strstr(half, "\r\n\r\n{") && !strchr(half, '}'));
        faults_remove(play.faults, fault);
        fault_on(play.faults, "{\"kind\":\"http-reset\"}");
        check_text(ask(play.port, post("/refuse", WHOLE + 1)), "");
        check_text(ask(play.port, post("/long", BODY)), "");
        wait_for(&play.ended, 1);
        end();
}

static void a_client_that_hangs_up_is_told_of_and_waits_no_longer(void)
{
        int fd;

        begin();
        fault_on(play.faults, "{\"kind\":\"http-latency\",\"delay\":\"60s\"}");
        fd = dial(play.port);
        say_text(fd, "GET /endless HTTP/1.1\r\nHost: h\r\n\r\n");
        wait_for(&play.finished, 1);
        close(fd);
        wait_for(&play.ended, 1);
        check_int(atomic_load(&play.gone), 1);
        check_int(atomic_load(&play.finished), 1);
        end();
}

static void an_endless_answer_ends_after_its_first_piece(void)
{
        const char *heard;

        begin();
        fault_on(play.faults, "{\"kind\":\"http-half-answer\"}");
        heard = ask(play.port, "GET /endless HTTP/1.1\r\nHost: h\r\n\r\n");
        check_contains(heard, "\r\n\r\n6\r\npiece;");
        check(!strstr(heard, "piece;\r\n6"));
        wait_for(&play.ended, 1);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_long_body_and_an_answer_that_comes_later),
                STORY(an_early_answer_comes_later),
                STORY(an_early_answer_waits_as_long_as_the_fault),
                STORY(an_early_answer_is_a_status_a_half_or_nothing),
                STORY(a_client_that_hangs_up_is_told_of_and_waits_no_longer),
                STORY(an_endless_answer_ends_after_its_first_piece),
                {NULL, NULL},
        };

        log_open("injected_stream", false, LOG_ERROR);
        return check_main(stories, argc, argv);
}
