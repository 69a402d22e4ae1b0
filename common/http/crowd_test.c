/* Fifty clients, some of which vanish at the worst moment, and requests resumed in batches from
   another thread. */

#include "base/log.h"
#include "testing/conversation.h"

#include <pthread.h>
#include <stdatomic.h>

enum { CLIENTS = 50, ROUNDS = 40, QUEUE = 4096 };

static struct {
        pthread_mutex_t lock;
        pthread_cond_t some;
        struct http_request *waiting[QUEUE];
        int count;
        bool stop;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .some = PTHREAD_COND_INITIALIZER};

static _Atomic int served, finished;

static void answer(struct http_request *r)
{
        struct text body = text_open(r->arena, 64);

        text_printf(&body, "[%s %s]", r->path, r->body);
        r->uri_template = "/crowd";
        http_answer_body(r, 200, "text/plain", &body);
}

static enum http_result handle(struct http_request *r, void *arg)
{
        (void)arg;
        atomic_fetch_add(&served, 1);
        if (strncmp(r->path, "/now", 4) == 0) {
                answer(r);
                atomic_fetch_add(&finished, 1);
                return HTTP_ANSWERED;
        }
        pthread_mutex_lock(&queue.lock);
        queue.waiting[queue.count++] = r;
        pthread_cond_signal(&queue.some);
        pthread_mutex_unlock(&queue.lock);
        return HTTP_LATER;
}

static void finish(struct http_request *r, void *arg)
{
        (void)arg;
        answer(r);
        atomic_fetch_add(&finished, 1);
}

static void *resume_in_batches(void *arg)
{
        struct http_request *mine[QUEUE];
        bool stop = false;
        int count;

        (void)arg;
        while (!stop) {
                pthread_mutex_lock(&queue.lock);
                while (!queue.count && !queue.stop)
                        pthread_cond_wait(&queue.some, &queue.lock);
                count = queue.count;
                memcpy(mine, queue.waiting, sizeof mine[0] * (size_t)count);
                queue.count = 0;
                stop = queue.stop;
                pthread_mutex_unlock(&queue.lock);
                for (int i = 0; i < count; i++)
                        http_resume(mine[i]);
        }
        return NULL;
}

struct client {
        int port, number;
        int wrong;
};

/* Asks and reads; false if the answer belongs to another request. */
static bool talk(int fd, int number, int round)
{
        char request[256], want[64];
        const char *path = (number + round) % 3 ? "/late" : "/now";
        bool ended;

        snprintf(want, sizeof want, "[%s-%d-%d hello %d]", path, number, round, round);
        snprintf(request, sizeof request,
                 "POST %s-%d-%d HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\nhello %d", path,
                 number, round, round < 10 ? 7 : 8, round);
        say_text(fd, request);
        return strstr(hear(fd, want, &ended), want) != NULL;
}

/* Hangs up without reading, with or without a reset; every fifth client does. */
static void vanish(int fd, int round)
{
        struct linger reset = {.l_onoff = 1};

        say_text(fd, "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
        if (round % 2)
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

static void *client_run(void *arg)
{
        struct client *c = arg;
        int fd = dial(c->port);

        for (int round = 0; round < ROUNDS; round++) {
                if (c->number % 5 && round % 8) {
                        c->wrong += !talk(fd, c->number, round);
                        continue;
                }
                vanish(fd, round);
                close(fd);
                fd = dial(c->port);
        }
        close(fd);
        return NULL;
}

static void crowd(int port)
{
        struct client clients[CLIENTS];
        pthread_t threads[CLIENTS];
        int wrong = 0;

        for (int i = 0; i < CLIENTS; i++) {
                clients[i] = (struct client){.port = port, .number = i};
                pthread_create(&threads[i], NULL, client_run, &clients[i]);
        }
        for (int i = 0; i < CLIENTS; i++) {
                pthread_join(threads[i], NULL);
                wrong += clients[i].wrong;
        }
        check_int(wrong, 0);
}

static void a_crowd_of_clients_some_of_which_vanish(void)
{
        struct http_config config =
                config_of_test((struct http_handler){.handle = handle, .finish = finish});
        struct http_server *s;
        pthread_t resumer;

        config.metrics = metrics_open();
        /* on a busy machine the server may notice none of those hang-ups */
        config.max_connections = CLIENTS * (ROUNDS + 1);
        s = server_of_test(&config);
        pthread_create(&resumer, NULL, resume_in_batches, NULL);
        crowd(http_server_port(s));
        http_server_close(&s, 5000);
        pthread_mutex_lock(&queue.lock);
        queue.stop = true;
        pthread_cond_signal(&queue.some);
        pthread_mutex_unlock(&queue.lock);
        pthread_join(resumer, NULL);
        check(served > CLIENTS * ROUNDS / 2);
        check_int(finished, served);
        metrics_close(&config.metrics);
}

/* A connection comes at the moment at which the listener opens or closes. */
static void opened_asked_closed(void)
{
        struct http_config config =
                config_of_test((struct http_handler){.handle = handle, .finish = finish});

        for (int i = 0; i < 20; i++) {
                struct http_server *s = server_of_test(&config);
                int fd = dial(http_server_port(s));
                bool ended;

                say_text(fd, "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
                http_server_close(&s, 5000);
                check_contains(hear(fd, NULL, &ended), "[/now ]");
                check(ended);
                close(fd);
        }
}

static void what_does_not_open(void)
{
        struct http_config config =
                config_of_test((struct http_handler){.handle = handle, .finish = finish});
        struct http_server *s = server_of_test(&config);
        struct error e;

        config.port = http_server_port(s);
        check(!http_server_open(&config, &e));
        check_contains(e.text, "cannot listen on 127.0.0.1");
        config.port = 0;
        config.trusted_proxies = "10.0.0.0/99";
        check(!http_server_open(&config, &e));
        check_contains(e.text, "10.0.0.0/99");
        http_server_close(&s, 1000);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_crowd_of_clients_some_of_which_vanish),
                STORY(opened_asked_closed),
                STORY(what_does_not_open),
                {NULL, NULL},
        };

        log_open("crowd", false, LOG_WARN);
        return check_main(stories, argc, argv);
}
