#include "http/head.h"

#include "http/answer.h"
#include "http/body.h"
#include "http/client.h"
#include "http/method.h"
#include "http/server_span.h"
#include "http/target.h"

bool head_leaves_room(const struct exchange *e)
{
        const struct http_streams *streams = e->request.server->config.handler.streams;
        size_t needed =
                streams && streams->answer_head > LEAST_ROOM ? streams->answer_head : LEAST_ROOM;

        return http_answer_room(&e->request) >= needed;
}

/* Answers now and closes; only in the first call. */
static enum MHD_Result refuse(struct exchange *e, int status, const char *why)
{
        connection_of(e)->linger =
                e->framing.chunked || e->framing.length || status == 400 || status == 501;
        if (http_answer_room(&e->request) <
            LEAST_ROOM) { /* the library's memory is used up: it would close without an answer */
                e->cut_short = status;
                return MHD_NO;
        }
        e->request.answer.close = true;
        http_answer_problem(&e->request, status, "%s", why);
        if (status == 503)
                http_answer_header(&e->request, "Retry-After", "1");
        return answer_send(e);
}

static void client_fill(struct exchange *e)
{
        const char *list = e->framing.forwarded_for;
        struct client client;

        if (!e->request.peer_trusted || !list)
                return;
        if (e->framing.forwarded_lines > 1)
                list = http_header_list(&e->request, "X-Forwarded-For");
        client = client_find(e->request.arena, e->request.server->proxies, e->request.peer, list);
        e->request.client = client.address;
        e->request.client_hops = client.hops;
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
        r->span_id = e->trace.span;
        r->traceparent = e->trace.parent;
        client_fill(e);
        server_span_begin(e);
}

enum MHD_Result head_take(struct exchange *e)
{
        struct connection *c = connection_of(e);
        const struct http_config *config = &c->server->config;
        struct request_target target;
        bool well_framed = framing_check(&e->framing, e->mhd, &e->line, config->max_header,
                                         config->max_fields);
        const char *why;

        request_fill(e);
        if (e->line.target_len > config->max_target)
                return refuse(e, 414, "the request target is too long");
        if (!well_framed)
                return refuse(e, e->framing.status, e->framing.why);
        if (!head_leaves_room(e))
                return refuse(e, 431, "too many fields or cookies");
        e->method = method_row(e->line.method);
        if (e->method < 0)
                return refuse(e, 501, "a method not known here");
        e->request.method = method_name(e->method);
        why = target_read(&target, c->arena, e->target, e->line.method, e->framing.host);
        if (why)
                return refuse(e, 400, why);
        e->request.target = target.raw;
        e->request.path = target.path;
        e->request.query = target.query;
        e->request.body_total = e->framing.chunked ? -1 : (int64_t)e->framing.length;
        if (e->framing.length > config->max_body)
                return refuse(e, 413, "the body is too large");
        if (!e->framing.chunked && !arena_may_take(c->arena, body_most(e)))
                return refuse(e, 503, "too much is being read just now");
        if (!e->framing.chunked && !e->framing.length)
                return MHD_YES;
        connection_enter(c, PHASE_BODY, config->body_ms);
        if (MHD_lookup_connection_value(e->mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT))
                c->worker->moved = true; /* 100 Continue is to be sent */
        return MHD_YES;
}
