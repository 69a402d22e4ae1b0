#include "http/exchange.h"

#include "http/access.h"
#include "http/answer.h"
#include "http/target.h"

#include <string.h>

enum { BODY_ROOM = 64 << 10, CLIENT_GONE = 499 /* nginx's number, for the access line */ };

void *exchange_begin(void *server, const char *target, struct MHD_Connection *mhd)
{
        struct http_server *s = server;
        struct connection *c =
                *(struct connection *const *)MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        struct exchange *e = &c->exchange;
        size_t len = target ? strlen(target) : 0;

        arena_reset(c->arena);
        memset(e, 0, sizeof *e);
        e->mhd = mhd;
        e->started_us = clock_mono_us();
        e->line.target = target;
        e->line.target_len = len;
        e->method = -1;
        e->target_too_long = len > s->config.max_target;
        e->target = arena_copy(c->arena, target, e->target_too_long ? s->config.max_target : len);
        e->request.arena = c->arena;
        e->request.server = s;
        e->request.peer = c->peer;
        e->request.peer_trusted = c->peer_trusted;
        /* the first head's time has run since the connection came */
        if (atomic_load_explicit(&c->phase, memory_order_relaxed) == PHASE_FRESH)
                atomic_store_explicit(&c->phase, PHASE_HEADER, memory_order_release);
        else
                connection_enter(c, PHASE_HEADER, s->config.header_ms);
        return e;
}

/* Answers now and closes; only in the first call. */
static enum MHD_Result refuse(struct exchange *e, int status, const char *why)
{
        connection_of(e)->linger = e->framing.chunked || e->framing.length || status == 400 || status == 501;
        e->request.answer.close = true;
        http_answer_problem(&e->request, status, "%s", why);
        return answer_send(e);
}

static void request_fill(struct exchange *e)
{
        struct http_request *r = &e->request;

        r->method = e->line.method;
        r->target = e->target;
        r->path = ""; /* until it is known to be one */
        r->body = "";
        r->uri_template = "UNKNOWN";
        trace_continue(&e->trace, e->framing.traceparent);
        r->trace_id = e->trace.id;
        r->traceparent = e->trace.parent;
}

static enum MHD_Result head_take(struct exchange *e)
{
        struct connection *c = connection_of(e);
        const struct http_config *config = &c->server->config;
        struct target target;
        bool well_framed = framing_check(&e->framing, e->mhd, &e->line, config->max_header, config->max_fields);
        const char *why;

        request_fill(e);
        if (e->target_too_long)
                return refuse(e, 414, "the request target is too long");
        if (!well_framed)
                return refuse(e, e->framing.status, e->framing.why);
        e->method = method_row(e->line.method);
        if (e->method < 0)
                return refuse(e, 501, "a method not known here");
        why = target_read(&target, c->arena, e->target, e->line.method, e->framing.host);
        if (why)
                return refuse(e, 400, why);
        e->request.path = target.path;
        e->request.query = target.query;
        if (e->framing.length > config->max_body)
                return refuse(e, 413, "the body is too large");
        if (e->framing.chunked || e->framing.length)
                connection_enter(c, PHASE_BODY, config->body_ms);
        return MHD_YES;
}

/* MHD_NO closes the connection: behind the first call the library takes an answer only at the end. */
static enum MHD_Result body_take(struct exchange *e, const char *data, size_t *len)
{
        struct connection *c = connection_of(e);
        size_t room;

        if (e->body.len + *len > c->server->config.max_body) {
                e->cut_short = 413;
                c->linger = true;
                return MHD_NO;
        }
        if (!e->body.at) {
                room = e->framing.chunked || e->framing.length > BODY_ROOM ? BODY_ROOM : (size_t)e->framing.length;
                e->body = text_open(c->arena, room > *len ? room : *len);
        }
        text_add(&e->body, data, *len);
        *len = 0;
        return MHD_YES;
}

/* Whoever comes second, this thread or http_resume, makes the library go on. */
static enum MHD_Result later(struct exchange *e)
{
        int running = TURN_RUNNING;

        MHD_suspend_connection(e->mhd);
        if (!atomic_compare_exchange_strong(&e->turn, &running, TURN_SUSPENDED))
                MHD_resume_connection(e->mhd);
        return MHD_YES;
}

static void finish(struct exchange *e)
{
        const struct http_handler *handler = &connection_of(e)->server->config.handler;

        atomic_store_explicit(&e->turn, TURN_FINISHED, memory_order_relaxed);
        handler->finish(&e->request, handler->arg);
}

static enum MHD_Result finish_and_send(struct exchange *e)
{
        finish(e);
        return answer_send(e);
}

static enum MHD_Result handle(struct exchange *e)
{
        struct connection *c = connection_of(e);
        struct http_server *s = c->server;

        atomic_store_explicit(&c->deadline_ms, INT64_MAX, memory_order_relaxed);
        atomic_store(&c->phase, PHASE_BUSY); /* in one order with `stopping`, see http_server_close */
        if (atomic_load(&s->stopping)) {
                http_answer_problem(&e->request, 503, "stopping");
                return answer_send(e);
        }
        if (e->body.at) {
                e->request.body = e->body.at;
                e->request.body_len = e->body.len;
        }
        e->handled = true;
        if (s->config.handler.handle(&e->request, s->config.handler.arg) == HTTP_ANSWERED)
                return answer_send(e);
        /* resumed already: no need to go to sleep for it */
        return atomic_load(&e->turn) == TURN_RESUMED ? finish_and_send(e) : later(e);
}

enum MHD_Result exchange_go_on(void *server, struct MHD_Connection *mhd, const char *url, const char *method,
                               const char *version, const char *data, size_t *len, void **context)
{
        struct exchange *e = *context;

        (void)server, (void)mhd, (void)url;
        if (!e->seen) {
                e->seen = true;
                e->line.method = method;
                e->line.version = version;
                return head_take(e);
        }
        if (*len)
                return body_take(e, data, len);
        if (!e->handled)
                return handle(e);
        return atomic_load(&e->turn) == TURN_RESUMED ? finish_and_send(e) : MHD_YES;
}

void http_resume(struct http_request *request)
{
        struct exchange *e = (struct exchange *)request;
        struct MHD_Connection *mhd = e->mhd;

        /* Behind the exchange the request may be gone, unless it is suspended and waits for us. */
        if (atomic_exchange(&e->turn, TURN_RESUMED) == TURN_SUSPENDED)
                MHD_resume_connection(mhd);
}

/* The library's own answer (a head it cannot read, a bad chunk), or none. */
static int foreign_status(struct exchange *e)
{
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(e->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);

        return info && info->http_status ? (int)info->http_status : 0;
}

/* The client did not finish its request: tell it why, if it was us who cut it short. */
static void give_up(struct exchange *e)
{
        struct connection *c = connection_of(e);

        if (!e->cut_short && atomic_load(&c->overdue))
                e->cut_short = 408;
        if (e->cut_short)
                answer_cut_short(c->fd, e->cut_short);
        e->status = e->cut_short ? e->cut_short : CLIENT_GONE;
}

void exchange_end(void *server, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode how)
{
        struct http_server *s = server;
        struct exchange *e = *context;

        (void)mhd, (void)how;
        if (!e)
                return;
        /* The client hung up while it waited. The handler is told all the same, since it may hold something. */
        if (atomic_load(&e->turn) == TURN_RESUMED)
                finish(e);
        if (!e->status)
                e->status = foreign_status(e);
        if (!e->status)
                give_up(e);
        access_tell(s->access, e);
        connection_enter(connection_of(e), PHASE_IDLE, IDLE_MS);
        *context = NULL;
}
