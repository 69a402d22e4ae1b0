#include "http/exchange.h"

#include "base/log.h"
#include "http/access.h"
#include "http/answer.h"
#include "http/body.h"
#include "http/head.h"
#include "http/injected.h"
#include "http/server_span.h"
#include "http/stream.h"

#include <string.h>
#include <sys/socket.h>

enum {
        CLIENT_GONE = 499, /* nginx's number, for the access line */
        POLLS = 32,        /* with 4 the gateway was slower at 30 connections */
};

/* The library would parse the query's parameters, at 64 bytes of its memory each, and when that
   runs out it would neither answer nor close (0.9.75). So we hide the query from it, and read our
   own copy. */
static void hide_query(const char *target)
{
        /* in the library's buffer, which it writes into itself */
        char *query = strchr((char *)(uintptr_t)target, '?');

        if (query && query[1])
                query[1] = '\0';
}

void *exchange_begin(void *server, const char *target, struct MHD_Connection *mhd)
{
        struct http_server *s = server;
        struct connection *c = *(struct connection *const *)MHD_get_connection_info(
                mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        struct exchange *e = &c->exchange;
        size_t len = target ? strlen(target) : 0;

        memset(e, 0, sizeof *e);
        e->mhd = mhd;
        e->started_us = clock_mono_us();
        e->line.target = target;
        e->line.target_len = len;
        e->method = -1;
        e->target = arena_copy(c->arena, target,
                               len > s->config.max_target ? s->config.max_target : len);
        e->request.arena = c->arena;
        e->request.server = s;
        e->request.peer = e->request.client = c->peer;
        e->request.peer_trusted = c->peer_trusted;
        e->request.loop = c->worker->loop;
        e->request.worker = c->worker->number;
        /* the first head's time has run since the connection came */
        if (atomic_load_explicit(&c->phase, memory_order_relaxed) == PHASE_FRESH)
                atomic_store_explicit(&c->phase, PHASE_HEADER, memory_order_release);
        else
                connection_enter(c, PHASE_HEADER, s->config.header_ms);
        if (target)
                hide_query(target);
        return e;
}

static void finish(struct exchange *e)
{
        const struct http_handler *handler = &connection_of(e)->server->config.handler;

        atomic_store_explicit(&e->turn, TURN_FINISHED, memory_order_relaxed);
        log_step(&e->trace);
        handler->finish(&e->request, handler->arg);
        log_step(NULL);
}

/* The answer is there. If the body is too long to be handed over whole, and the handler answered
   its beginning, we send that past the library, which would take it only at the body's end. */
static enum MHD_Result send_answer(struct exchange *e)
{
        struct connection *c = connection_of(e);
        bool early = e->request.partial && !e->is_later;
        enum injected_step step =
                c->server->config.faults ? injected_strike(e, early) : INJECTED_SEND;

        if (step != INJECTED_SEND)
                return step == INJECTED_WAIT ? MHD_YES : MHD_NO;
        if (!early)
                return answer_send(e);
        answer_push(e);
        c->linger = true;
        return MHD_NO;
}

static enum MHD_Result finish_and_send(struct exchange *e)
{
        finish(e);
        return send_answer(e);
}

/* While a request waits, the library polls us once a round, which costs a function call. To suspend
   it costs two epoll_ctl calls and a useless recv. So it is suspended (parked) only when the answer
   takes many rounds. */
static enum MHD_Result wait_for_handler(struct exchange *e)
{
        int running = TURN_RUNNING;

        if (!atomic_compare_exchange_strong(&e->turn, &running, TURN_WAITING))
                return finish_and_send(e);
        e->state = EXCHANGE_POLLED;
        e->polls = POLLS;
        connection_of(e)->worker->polled++;
        return MHD_YES;
}

static enum MHD_Result poll_again(struct exchange *e)
{
        if (--e->polls)
                return MHD_YES;
        e->state = EXCHANGE_PARKED;
        connection_of(e)->worker->polled--;
        MHD_suspend_connection(e->mhd);
        return MHD_YES;
}

static enum http_result ask_handler(struct exchange *e)
{
        struct connection *c = connection_of(e);
        const struct http_handler *handler = &c->server->config.handler;

        e->state = EXCHANGE_HANDED;
        atomic_store_explicit(&c->deadline_ms, INT64_MAX, memory_order_relaxed);
        /* in one order with `stopping`, see http_server_close */
        atomic_store(&c->phase, PHASE_BUSY);
        if (atomic_load(&c->server->stopping)) {
                http_answer_problem(&e->request, 503, "stopping");
                return HTTP_ANSWERED;
        }
        if (c->server->config.faults && injected_instead(e))
                return HTTP_ANSWERED;
        if (e->body.at) {
                e->request.body = e->body.at;
                e->request.body_len = e->body.len;
        }
        log_step(&e->trace);
        e->is_later = handler->handle(&e->request, handler->arg) == HTTP_LATER;
        log_step(NULL);
        return e->is_later ? HTTP_LATER : HTTP_ANSWERED;
}

/* Trailers take the memory that the answer's head needs, too. We refuse the request before the
   handler sees it, rather than commit and have no room for the answer. */
static bool trailers_fit(struct exchange *e)
{
        if (!e->framing.chunked)
                return true;
        e->framing.fields +=
                (size_t)MHD_get_connection_values_n(e->mhd, MHD_FOOTER_KIND, NULL, NULL);
        return e->framing.fields <= e->request.server->config.max_fields && head_leaves_room(e);
}

static enum MHD_Result handle(struct exchange *e)
{
        if (!trailers_fit(e)) {
                e->cut_short = 431;
                connection_of(e)->linger = true;
                return MHD_NO;
        }
        return ask_handler(e) == HTTP_ANSWERED ? send_answer(e) : wait_for_handler(e);
}

/* The body is too long to be handed over whole: the handler gets the beginning first. While an
   answer is held back, a byte is left: only for that the library calls us again after the wait. */
static enum MHD_Result stream_begin(struct exchange *e, size_t *left)
{
        enum MHD_Result result;

        e->request.partial = true;
        if (ask_handler(e) == HTTP_LATER) {
                e->state = EXCHANGE_STREAMING;
                stream_body_begins(e);
                return MHD_YES;
        }
        result = send_answer(e);
        *left = e->state == EXCHANGE_DELAYED;
        return result;
}

/* The end of a body that is handed over whole. The library goes on to the handler in the same call,
   and needs no further round for that. */
static bool is_last_piece(const struct exchange *e, size_t len)
{
        return !e->framing.chunked && e->framing.length <= body_most(e) &&
               e->body.len + len >= e->framing.length;
}

static enum MHD_Result piece_take(struct exchange *e, const char *data, size_t *len)
{
        const struct http_streams *streams = connection_of(e)->server->config.handler.streams;
        bool last = is_last_piece(e, *len);

        connection_of(e)->worker->moved |= !last;
        atomic_fetch_add_explicit(&connection_of(e)->pieces, 1, memory_order_relaxed);
        if (e->request.partial)
                return stream_body_take(e, data, len) ? MHD_YES : MHD_NO;
        if (body_take(e, data, len) != MHD_YES)
                return MHD_NO;
        return streams && (e->body.len > streams->whole || e->framing.length > streams->whole)
                       ? stream_begin(e, len)
                       : MHD_YES;
}

enum MHD_Result exchange_go_on(void *server, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *len, void **context)
{
        struct exchange *e = *context;

        (void)server, (void)mhd, (void)url;
        if (e->state == EXCHANGE_LINE) {
                e->state = EXCHANGE_GATHERING;
                e->line.method = method;
                e->line.version = version;
                return head_take(e);
        }
        if (e->state == EXCHANGE_DELAYED)
                return send_answer(e);
        if (*len)
                return piece_take(e, data, len);
        if (e->state == EXCHANGE_GATHERING)
                return handle(e);
        if (e->state == EXCHANGE_STREAMING) {
                e->state = EXCHANGE_HANDED;
                stream_body_over(e);
                return wait_for_handler(e);
        }
        return e->state == EXCHANGE_RESUMED ? finish_and_send(e) : poll_again(e);
}

/* The handler has resumed it: nobody else holds it any more. */
static void abandoned_ends(struct exchange *e)
{
        if (atomic_load(&e->turn) == TURN_RESUMED)
                finish(e);
        connection_let_go(connection_of(e));
}

static void wake(struct exchange *e)
{
        struct http_worker *w = connection_of(e)->worker;

        w->touched = true;
        if (e->state == EXCHANGE_PARKED)
                MHD_resume_connection(e->mhd);
        else
                w->polled--;
        e->state = EXCHANGE_RESUMED;
}

/* On the worker's thread. The answer is not taken before this runs: until then the exchange is
   linked into the loop. */
static void resume(struct task *task)
{
        struct exchange *e = CONTAINER_OF(task, struct exchange, resume);

        if (e->state == EXCHANGE_ABANDONED)
                abandoned_ends(e);
        else
                wake(e);
}

void http_resume(struct http_request *request)
{
        struct exchange *e = (struct exchange *)request;
        struct loop *loop = connection_of(e)->worker->loop;

        e->resume.run = resume;
        /* After this the request may be gone, unless it waits for us. */
        if (atomic_exchange(&e->turn, TURN_RESUMED) == TURN_WAITING)
                loop_post(loop, &e->resume);
}

void exchange_gone(struct exchange *e)
{
        const struct http_handler *handler = &connection_of(e)->server->config.handler;

        if (e->is_later)
                handler->streams->gone(&e->request, handler->streams->arg);
}

/* The library's own answer (a head it cannot read, a bad chunk), or none. */
static int foreign_status(struct exchange *e)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(e->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);

        return info && info->http_status ? (int)info->http_status : 0;
}

/* The request did not come to its end. If we cut it short, the client is told why. */
static void give_up(struct exchange *e)
{
        struct connection *c = connection_of(e);

        if (!e->cut_short && atomic_load(&c->overdue))
                e->cut_short = 408;
        if (e->cut_short) {
                answer_cut_short(c->server, c->fd, e->cut_short);
                c->linger = true;
        }
        e->status = e->cut_short ? e->cut_short : CLIENT_GONE;
}

/* The connection broke (or got urgent data, at which the library closes) while the request is
   polled. The library's part ends now; the handler still holds the request, with exchange and
   arena. A handler that streams works on this thread, and is told at once. */
static void abandon(struct exchange *e)
{
        struct connection *c = connection_of(e);

        c->worker->polled--;
        c->holders++;
        e->state = EXCHANGE_ABANDONED;
        if (!c->server->config.handler.streams)
                return;
        exchange_gone(e);
        finish(e);
}

void exchange_end(void *server, struct MHD_Connection *mhd, void **context,
                  enum MHD_RequestTerminationCode how)
{
        struct http_server *s = server;
        struct exchange *e = *context;

        (void)mhd, (void)how;
        if (!e)
                return;
        /* The client hung up while the request waited. The handler is called all the same, since it
           may hold something. */
        if (e->state == EXCHANGE_POLLED)
                abandon(e);
        else if (atomic_load(&e->turn) == TURN_RESUMED)
                finish(e);
        if (!e->status)
                e->status = foreign_status(e);
        if (!e->status)
                give_up(e);
        injected_end(e);
        access_tell(s->access, e);
        server_span_end(e);
        if (e->is_later && s->config.handler.streams)
                s->config.handler.streams->ended(&e->request, s->config.handler.streams->arg);
        *context = NULL;
        if (e->state == EXCHANGE_ABANDONED) {
                e->mhd = NULL;
                return;
        }
        arena_reset(connection_of(e)->arena); /* an idle connection keeps no memory of it */
        connection_enter(connection_of(e), PHASE_IDLE, IDLE_MS);
        if (connection_of(e)->hung_up) /* the library may have missed the half-close while it read
                                          the request */
                shutdown(connection_of(e)->fd, SHUT_RDWR);
}
