/* When a connection to an upstream serves again, and how a request ends whose connection ends. */
#include "base/clock.h"
#include "gateway/testing/fake_upstream.h"
#include "gateway/testing/lone_request.h"
#include "testing/check.h"

#include <stdatomic.h>
#include <string.h>

static void any_method_goes_on_one_connection(void)
{
        static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                          head[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        struct fake fake = {.answers = {head, ok, ok, ok}};
        struct upstream_request *x;

        fake_open(&fake);
        open_all(5000);
        x = ask("HEAD", fake.port, "/", NULL);
        check_int(x->outcome, UPSTREAM_ANSWERED);
        check_int((int64_t)asked.body.len, 0);
        check_int(x->answer_total, 2);
        ask("GET", fake.port, "/", "with a body");
        check_int((int64_t)asked.body.len, 2);
        ask("DELETE", fake.port, "/", NULL);
        check_int((int64_t)asked.body.len, 2);
        ask("PUT", fake.port, "/", "");
        check_int((int64_t)asked.body.len, 2);
        fake_close(&fake);
        check_int(atomic_load(&fake.connections), 1);
        check_contains(fake.heard, "PUT / HTTP/1.1\r\n");
        check_contains(fake.heard, "\r\nContent-Length: 0\r\n");
        close_all();
}

/* libcurl would send the second POST again on a new connection, and nobody would know. */
static void a_post_is_sent_once_when_its_connection_dies(void)
{
        struct fake fake = {.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "",
                                        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}};
        struct upstream_request *x;

        fake_open(&fake);
        open_all(5000);
        check_int(ask("POST", fake.port, "/", "a")->outcome, UPSTREAM_ANSWERED);
        x = ask("POST", fake.port, "/", "b");
        check_int(x->outcome, UPSTREAM_BROKEN);
        fake_close(&fake);
        check_int(atomic_load(&fake.requests), 2);
        close_all();
}

static void a_connection_closed_beforehand_is_replaced(void)
{
        static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        struct fake fake = {.answers = {ok, ok, ok, ok}, .closes = true};

        fake_open(&fake);
        open_all(5000);
        for (int i = 0; i < 3; i++) {
                check_int(ask("POST", fake.port, "/", "a")->outcome, UPSTREAM_ANSWERED);
                for (int64_t until = clock_mono_us() + 50000; clock_mono_us() < until;)
                        poll(NULL, 0, 5); /* the FIN has to arrive */
        }
        fake_close(&fake);
        check_int(atomic_load(&fake.requests), 3);
        close_all();
}

static void cancel_request(struct task *task)
{
        (void)task;
        upstream_cancel(&asked.request);
        sem_post(&asked.over);
}

static void what_is_cancelled_hangs_up(void)
{
        static struct task cancel = {.run = cancel_request};
        struct fake fake = {.answers = {NULL}};

        fake_open(&fake);
        open_all(30000);
        start("GET", fake.port, "/", NULL);
        while (!atomic_load(&fake.requests))
                poll(NULL, 0, 1);
        loop_post(loop, &cancel);
        wait_done();
        fake_close(&fake); /* its reading ended, or it would wait for our deadline */
        close_all();
}

static void closing_ends_what_waits(void)
{
        struct fake fake = {.answers = {NULL}};

        fake_open(&fake);
        open_all(30000);
        start("GET", fake.port, "/", NULL);
        while (!atomic_load(&fake.requests))
                poll(NULL, 0, 1);
        close_all();
        fake_close(&fake);
        check_int(atomic_load(&fake.requests), 1);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(any_method_goes_on_one_connection),
                STORY(a_post_is_sent_once_when_its_connection_dies),
                STORY(a_connection_closed_beforehand_is_replaced),
                STORY(what_is_cancelled_hangs_up),
                STORY(closing_ends_what_waits),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
