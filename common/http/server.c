#include "http/server.h"

#include "base/log.h"
#include "http/access.h"
#include "http/connection.h"
#include "http/deadline.h"
#include "http/exchange.h"
#include "http/listener.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
        SETTLE_MS = 300, /* before idle connections end: requests on their way to them still count */
        LOOK_MS = 5,
        ANSWER_ROOM = 6 << 10, /* the head of the answer, and 64 bytes a field */
};

static size_t leave_raw(void *arg, struct MHD_Connection *connection, char *text)
{
        (void)arg, (void)connection;
        return strlen(text);
}

static bool take(void *arg, int fd, const struct sockaddr *peer, socklen_t len)
{
        struct http_server *s = arg;

        return MHD_add_connection(s->daemon, fd, peer, len) == MHD_YES;
}

/* The library zeroes all of it after each request, which shows: 46 KiB cost a fifth of the throughput of 18 KiB. So it
   is no larger than the largest head needs; one that also has very many fields gets the library's own 431. */
static size_t pool_size(const struct http_config *c)
{
        return c->max_header + ANSWER_ROOM;
}

static bool daemon_open(struct http_server *s, struct error *error)
{
        const unsigned flags = MHD_USE_NO_LISTEN_SOCKET | MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC |
                               MHD_ALLOW_SUSPEND_RESUME;
        const struct http_config *c = &s->config;
        unsigned threads = c->threads > 1 ? (unsigned)c->threads : 1;
        struct MHD_OptionItem options[] = {
                /* ours is kept by the listener; the library divides its own by the threads */
                {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)((unsigned)c->max_connections * threads + 64 * threads), NULL},
                {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)pool_size(c), NULL},
                {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)connection_notify, s},
                {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)exchange_end, s},
                {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)exchange_begin, s},
                {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)leave_raw, s},
#if MHD_VERSION >= 0x01000000
                {MHD_OPTION_CLIENT_DISCIPLINE_LVL, 3, NULL},
#endif
                /* "1" is refused as a pool: one thread is what there is without */
                {threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL},
                {MHD_OPTION_END, 0, NULL},
        };

        s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, exchange_go_on, s, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
        if (!s->daemon)
                error_set(error, ERROR_INTERNAL, "the HTTP library does not start");
        return s->daemon != NULL;
}

/* With no request under way. */
static void server_free(struct http_server *s)
{
        if (s->daemon)
                MHD_stop_daemon(s->daemon);
        deadlines_close(&s->deadlines);
        listener_close(&s->listener);
        proxies_close(&s->proxies);
        access_close(&s->access);
        pthread_mutex_destroy(&s->lock);
        free(s);
}

static bool parts_open(struct http_server *s, struct error *error)
{
        struct listener_config listener = {
                .address = s->config.address,
                .port = s->config.port,
                .max_connections = s->config.max_connections,
                .take = take,
                .arg = s,
        };

        s->proxies = proxies_open(s->config.trusted_proxies, error);
        if (!s->proxies)
                return false;
        s->listener = listener_open(&listener, error);
        if (!s->listener)
                return false;
        s->access = access_open(s->config.metrics);
        s->deadlines = deadlines_open(s);
        return daemon_open(s, error);
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

/* Also those just taken, which the library's threads have not begun with */
static void settle(struct http_server *s, int64_t until_us)
{
        while (clock_mono_us() < until_us && listener_open_count(s->listener))
                poll(NULL, 0, LOOK_MS);
}

static void end_all(struct http_server *s, int64_t until_us)
{
        do
                connection_end_idle(s);
        while (http_server_in_flight(s) && clock_mono_us() < until_us && poll(NULL, 0, LOOK_MS) == 0);
}

void http_server_close(struct http_server **server, int wait_ms)
{
        struct http_server *s = *server;
        int64_t now = clock_mono_us(), end = now + (int64_t)wait_ms * 1000, settled = now + SETTLE_MS * 1000;

        if (!s)
                return;
        *server = NULL;
        http_server_drain(s);
        listener_stop(s->listener);
        settle(s, settled < end ? settled : end);
        end_all(s, end);
        atomic_store(&s->stopping, true); /* what comes now is answered 503 without the handler */
        /* The library aborts the process when it is stopped with a connection suspended. */
        if (connection_count(s, PHASE_BUSY, PHASE_BUSY)) {
                log_write(LOG_ERROR, "stopped with requests unanswered", NULL);
                return;
        }
        server_free(s);
}
