/* Requests that are resumed while they begin to wait, and those whose clients are gone by then. */
#include "base/log.h"
#include "testing/conversation.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
        REQUESTS = 4000,
        LONGEST_NS = 40000 /* as long as a request takes to be suspended, and longer */
};

static _Atomic(struct http_request *) waiting, held;
static _Atomic(const char *) said; /* by the client of the request that is held */
static _Atomic int finished;
static atomic_bool stop;

static enum http_result handle(struct http_request *r, void *arg)
{
        (void)arg;
        if (strcmp(r->path, "/held") == 0) {
                atomic_store(&said, http_header(r, "X-Said"));
                atomic_store(&held, r);
        } else {
                atomic_store(&waiting, r);
        }
        return HTTP_LATER;
}

static void finish(struct http_request *r, void *arg)
{
        (void)arg;
        check_text(r->method, "POST");
        r->answer.status = 204;
        atomic_fetch_add(&finished, 1);
}

static void spin(int64_t ns)
{
        struct timespec now, begin;

        clock_gettime(CLOCK_MONOTONIC, &begin);
        do
                clock_gettime(CLOCK_MONOTONIC, &now);
        while ((now.tv_sec - begin.tv_sec) * 1000000000LL + now.tv_nsec - begin.tv_nsec < ns);
}

/* Each a little later than the one before. */
static void *resume_soon(void *arg)
{
        int64_t ns = 0;

        (void)arg;
        while (!atomic_load(&stop)) {
                struct http_request *r = atomic_exchange(&waiting, NULL);

                if (!r)
                        continue;
                spin(ns);
                ns = (ns + 100) % LONGEST_NS;
                http_resume(r);
        }
        return NULL;
}

/* One client alone: nothing else wakes the worker. */
static void requests_resumed_at_any_moment(void)
{
        struct http_config config =
                config_of_test((struct http_handler){.handle = handle, .finish = finish});
        struct http_server *s;
        bool ended = false;
        int fd;

        config.threads = 1;
        s = server_of_test(&config);
        fd = dial(http_server_port(s));
        for (int i = 0; i < REQUESTS && !ended; i++) {
                say_text(fd, "POST / HTTP/1.1\r\nHost: a\r\n\r\n");
                check_contains(hear(fd, "\r\n\r\n", &ended), "HTTP/1.1 204 ");
        }
        close(fd);
        http_server_close(&s, 1000);
}

static struct http_request *hold_one(int fd)
{
        struct http_request *r;

        say_text(fd,
                 "POST /held HTTP/1.1\r\nHost: a\r\nX-Said: hello\r\nContent-Length: 2\r\n\r\nhi");
        while (!(r = atomic_exchange(&held, NULL)))
                poll(NULL, 0, 1);
        return r;
}

static void break_off(int fd)
{
        struct linger reset = {.l_onoff = 1};

        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
}

/* After the library had time to see the reset, the handler may still look at all of the request. */
static void answer_nobody(struct http_request *r)
{
        int before = atomic_load(&finished);

        poll(NULL, 0, 50);
        check_text(atomic_load(&said), "hello");
        check_text(r->body, "hi");
        check_text(r->method, "POST");
        check_int(atomic_load(&finished), before);
        http_resume(r);
        for (int i = 0; i < 5000 && atomic_load(&finished) == before; i++)
                poll(NULL, 0, 1);
        check_int(atomic_load(&finished), before + 1);
}

/* Reset before and after the request was parked. */
static void a_client_that_resets_while_its_request_waits(void)
{
        struct http_config config =
                config_of_test((struct http_handler){.handle = handle, .finish = finish});
        struct http_server *s = server_of_test(&config);

        for (int i = 0; i < 20; i++) {
                int fd = dial(http_server_port(s));
                struct http_request *r = hold_one(fd);

                poll(NULL, 0, 5 * i);
                break_off(fd);
                answer_nobody(r);
        }
        for (int i = 0; i < 5000 && http_server_in_flight(s); i++)
                poll(NULL, 0, 1);
        check_int(http_server_in_flight(s), 0);
        http_server_close(&s, 1000);
}

static void *resume_a_little_later(void *arg)
{
        poll(NULL, 0, 100);
        http_resume(arg);
        return NULL;
}

/* The server does not close before a held request is resumed, whether its client waits or not. */
static void a_server_that_closes_while_a_request_is_held(void)
{
        struct http_config config =
                config_of_test((struct http_handler){.handle = handle, .finish = finish});
        struct http_server *s = server_of_test(&config);
        int fd = dial(http_server_port(s)), before = atomic_load(&finished);
        struct http_request *r = hold_one(fd);
        pthread_t thread;

        break_off(fd);
        pthread_create(&thread, NULL, resume_a_little_later, r);
        http_server_close(&s, 5000);
        check_int(atomic_load(&finished), before + 1);
        pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(requests_resumed_at_any_moment),
                STORY(a_client_that_resets_while_its_request_waits),
                STORY(a_server_that_closes_while_a_request_is_held),
                {NULL, NULL},
        };
        pthread_t resumer;
        int failed;

        log_open("exchange", false, LOG_ERROR);
        pthread_create(&resumer, NULL, resume_soon, NULL);
        failed = check_main(stories, argc, argv);
        atomic_store(&stop, true);
        pthread_join(resumer, NULL);
        return failed;
}
