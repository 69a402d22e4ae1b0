#include "http/worker.h"

#include "http/exchange.h"
#include "http/listener.h"
#include "http/served.h"

#include <stdlib.h>
#include <string.h>

enum {
        ANSWER_ROOM =
                8 << 10,    /* the head of the answer, and HTTP_FIELD_ROOM a field of the request */
        OWN_ROOM = 1 << 10, /* the library's, and the fields that it adds */
        ROUNDS = 4, /* rounds of the library before other work on this loop: read, make the answer,
                       send it */
        TICK_MS = 1,
        SPARE = 64, /* connections of the library's above our own limit, which the listener keeps */
};

/* A new connection on its way from the listener. */
struct incoming {
        struct task task;
        struct http_worker *worker;
        int fd;
        socklen_t len;
        struct sockaddr_storage peer;
};

static size_t leave_raw(void *arg, struct MHD_Connection *connection, char *text)
{
        (void)arg, (void)connection;
        return strlen(text);
}

/* The library zeroes its memory after each request: with 46 KiB the throughput was a fifth lower
   than with 18 KiB. So it is as large as the largest head needs; a head that also has very many
   fields gets the library's own 431. */
static size_t pool_size(const struct http_config *c)
{
        return c->max_header + ANSWER_ROOM;
}

size_t http_answer_room(const struct http_request *request)
{
        const struct exchange *e = (const struct exchange *)request;
        size_t taken = e->framing.bytes + e->framing.cookie_bytes +
                       HTTP_FIELD_ROOM * (e->framing.fields + e->framing.cookies) + OWN_ROOM +
                       served_size(request->server->served);
        size_t pool = pool_size(&request->server->config);

        return pool > taken ? pool - taken : 0;
}

static bool daemon_open(struct http_worker *w, struct error *error)
{
        /* Requests are resumed on this thread only, so the library's own wake-up, a write each, is
           not needed. */
        const unsigned flags = MHD_USE_NO_LISTEN_SOCKET | MHD_USE_EPOLL |
                               ((unsigned)MHD_ALLOW_SUSPEND_RESUME & ~(unsigned)MHD_USE_ITC);
        const struct http_config *c = &w->server->config;
        struct MHD_OptionItem options[] = {
                {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)c->max_connections + SPARE, NULL},
                {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)pool_size(c), NULL},
                {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)connection_notify, w},
                {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)exchange_end, w->server},
                {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)exchange_begin, w->server},
                {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)leave_raw, NULL},
#if MHD_VERSION >= 0x01000000
                {MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1,
                 NULL}, /* strict; 2 and 3 refuse an empty line before a request, too */
#endif
                {MHD_OPTION_END, 0, NULL},
        };

        w->daemon = MHD_start_daemon(flags, 0, NULL, NULL, exchange_go_on, w->server,
                                     MHD_OPTION_ARRAY, options, MHD_OPTION_END);
        if (!w->daemon)
                error_set(error, ERROR_INTERNAL, "the HTTP library does not start");
        return w->daemon != NULL;
}

static void daemon_ready(struct watch *watch, unsigned events)
{
        struct http_worker *w = CONTAINER_OF(watch, struct http_worker, watch);

        (void)events;
        w->touched = true;
}

/* While a request is polled, the library always claims to have work, so we ask whether anything
   moved. Progress that we cannot see (a head that fills the library's buffer to the last byte) goes
   on with the next tick. */
static bool is_busy(struct http_worker *w)
{
        MHD_UNSIGNED_LONG_LONG ms;

        if (MHD_get_timeout(w->daemon, &ms) != MHD_YES || ms != 0)
                return false;
        return !w->polled || w->moved;
}

/* Runs the library; returns how long the loop may wait, ms. */
static int daemon_run(void *arg)
{
        struct http_worker *w = arg;
        int rounds = ROUNDS;

        while ((w->touched || w->polled) && rounds--) {
                w->touched = w->moved = false;
                MHD_run(w->daemon);
                w->touched = w->touched || is_busy(w);
                if (!w->touched)
                        return w->polled ? TICK_MS : -1;
        }
        return w->touched ? 0 : -1;
}

bool worker_open(struct http_worker *w, struct http_server *server, struct error *error)
{
        w->server = server;
        w->loop = loop_open();
        if (!daemon_open(w, error))
                return false;
        w->watch = (struct watch){
                .ready = daemon_ready,
                .fd = MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
        };
        loop_each_round(w->loop, daemon_run, w);
        return loop_watch(w->loop, &w->watch, EPOLLIN);
}

static void enter(struct task *task)
{
        struct http_worker *w = CONTAINER_OF(task, struct http_worker, enter);
        const struct http_handler *handler = &w->server->config.handler;

        handler->streams->enter(w->number, w->loop, handler->streams->arg);
}

static void leave(struct task *task)
{
        struct http_worker *w = CONTAINER_OF(task, struct http_worker, leave);
        const struct http_handler *handler = &w->server->config.handler;

        handler->streams->leave(w->number, handler->streams->arg);
}

void worker_start(struct http_worker *w)
{
        w->enter.run = enter;
        if (w->server->config.handler.streams)
                loop_post(w->loop, &w->enter);
        loop_start(w->loop);
}

void worker_close(struct http_worker *w)
{
        w->leave.run = leave;
        if (w->server->config.handler.streams)
                loop_post(w->loop, &w->leave);
        loop_stop(w->loop);
        if (w->daemon)
                MHD_stop_daemon(w->daemon);
        loop_close(&w->loop);
}

static void arrive(struct task *task)
{
        struct incoming *a = (struct incoming *)task;
        struct http_worker *w = a->worker;

        w->touched = true;
        /* if it cannot take the connection, the library closes it */
        if (MHD_add_connection(w->daemon, a->fd, (struct sockaddr *)&a->peer, a->len) != MHD_YES) {
                atomic_fetch_sub(&w->connections, 1);
                listener_closed(w->server->listener);
        }
        free(a);
}

void worker_take(struct http_worker *w, int fd, const struct sockaddr *peer, socklen_t len)
{
        struct incoming *a = memory_alloc(sizeof *a);

        a->task.run = arrive;
        a->worker = w;
        a->fd = fd;
        a->len = len;
        memcpy(&a->peer, peer, len);
        atomic_fetch_add(&w->connections, 1);
        loop_post(w->loop, &a->task);
}
