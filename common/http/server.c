#include "http/server.h"

#include "http/access.h"
#include "http/connection.h"
#include "http/deadline.h"
#include "http/listener.h"
#include "http/served.h"
#include "http/worker.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
        SETTLE_MS = 300, /* idle connections end only after this time: a request may be on its way
                            to one */
        LOOK_MS = 5,
};

/* Gives the connection to the thread that has the fewest. */
static bool take(void *arg, int fd, const struct sockaddr *peer, socklen_t len)
{
        struct http_server *s = arg;
        struct http_worker *least = s->workers;

        for (struct http_worker *w = s->workers; w < s->workers + s->worker_count; w++)
                if (atomic_load(&w->connections) < atomic_load(&least->connections))
                        least = w;
        worker_take(least, fd, peer, len);
        return true;
}

static void make_room(void *arg)
{
        connection_end_longest_idle(arg);
}

/* No request may be under way. */
static void server_free(struct http_server *s)
{
        while (s->worker_count)
                worker_close(&s->workers[--s->worker_count]);
        deadlines_close(&s->deadlines);
        listener_close(&s->listener);
        trusted_proxies_close(&s->proxies);
        access_close(&s->access);
        served_close(&s->served);
        pthread_mutex_destroy(&s->lock);
        free(s->workers);
        free(s);
}

static bool workers_open(struct http_server *s, struct error *error)
{
        int threads = s->config.threads > 1 ? s->config.threads : 1;

        s->workers = memory_alloc((size_t)threads * sizeof *s->workers);
        while (s->worker_count < threads) {
                struct http_worker *w = &s->workers[s->worker_count++];
                bool opened;

                w->number = s->worker_count - 1;
                opened = worker_open(w, s, error);
                worker_start(w);
                if (!opened)
                        return false;
        }
        return true;
}

static bool parts_open(struct http_server *s, struct error *error)
{
        struct listener_config listener = {
                .address = s->config.address,
                .port = s->config.port,
                .max_connections = s->config.max_connections,
                .take = take,
                .make_room = make_room,
                .arg = s,
        };

        s->proxies = trusted_proxies_open(s->config.trusted_proxies, error);
        if (!s->proxies)
                return false;
        s->listener = listener_open(&listener, error);
        if (!s->listener)
                return false;
        s->access = access_open(s->config.metrics);
        s->served = served_open(s->config.pod, s->config.version);
        s->deadlines = deadlines_open(s);
        return workers_open(s, error);
}

struct http_server *http_server_open(const struct http_config *config, struct error *error)
{
        struct http_server *s = memory_alloc(sizeof *s);

        assert(offsetof(struct exchange, request) == 0);
        s->config = *config;
        pthread_mutex_init(&s->lock, NULL);
        if (!parts_open(s, error)) {
                server_free(s);
                return NULL;
        }
        listener_start(s->listener);
        return s;
}

int http_server_port(const struct http_server *s)
{
        return listener_port(s->listener);
}

void http_server_drain(struct http_server *s)
{
        atomic_store(&s->draining, true);
}

int http_server_in_flight(const struct http_server *s)
{
        return connection_count((struct http_server *)(uintptr_t)s, PHASE_HEADER, PHASE_WRITING);
}

/* Waits also for connections that were taken but not yet begun. */
static void settle(struct http_server *s, int64_t until_us)
{
        while (clock_mono_us() < until_us && listener_open_count(s->listener))
                poll(NULL, 0, LOOK_MS);
}

static void end_all(struct http_server *s, int64_t until_us)
{
        do
                connection_end_idle(s);
        while (http_server_in_flight(s) && clock_mono_us() < until_us &&
               poll(NULL, 0, LOOK_MS) == 0);
}

int http_server_close(struct http_server **server, int wait_ms)
{
        struct http_server *s = *server;
        int64_t now = clock_mono_us(), end = now + (int64_t)wait_ms * 1000,
                settled = now + SETTLE_MS * 1000;

        int unanswered;

        if (!s)
                return 0;
        *server = NULL;
        http_server_drain(s);
        listener_stop(s->listener);
        settle(s, settled < end ? settled : end);
        end_all(s, end);
        atomic_store(&s->stopping,
                     true); /* requests that come now are answered 503 without the handler */
        /* The library aborts the process when it is stopped with a connection suspended. */
        unanswered = connection_cut_short(s, 503);
        if (!unanswered)
                server_free(s);
        return unanswered;
}
