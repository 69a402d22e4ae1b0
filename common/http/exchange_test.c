/* Requests that are resumed while they are about to wait. */
#include "base/log.h"
#include "http/conversation.h"

#include <pthread.h>
#include <stdatomic.h>

enum { REQUESTS = 4000, LONGEST_NS = 40000 /* as long as a request takes to be suspended, and longer */ };

static _Atomic(struct http_request *) waiting;
static atomic_bool stop;

static enum http_result handle(struct http_request *r, void *arg)
{
        (void)arg;
        atomic_store(&waiting, r);
        return HTTP_LATER;
}

static void finish(struct http_request *r, void *arg)
{
        (void)arg;
        r->answer.status = 204;
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
static void story_resumed_at_any_moment(void)
{
        struct http_config config = config_of_test((struct http_handler){.handle = handle, .finish = finish});
        struct http_server *s;
        bool ended = false;
        int fd;

        config.threads = 1;
        s = server_of_test(&config);
        fd = dial(http_server_port(s));
        for (int i = 0; i < REQUESTS && !ended; i++) {
                say_text(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                check_contains(hear(fd, "\r\n\r\n", &ended), "HTTP/1.1 204 ");
        }
        close(fd);
        http_server_close(&s, 1000);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                {"requests resumed at any moment", story_resumed_at_any_moment},
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
