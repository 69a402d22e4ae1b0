#include "gateway/gateway.h"

#include "base/clock.h"
#include "gateway/observe.h"
#include "gateway/routes.h"
#include "gateway/upstream.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
        CONNECT_MS = 2000,
        RESPONSE_MS = 30000,
        MOST_ANSWER = 10 << 20,
        MOST_HEAD_LENGTH = 1 << 20, /* of the length that an answer to HEAD announces */
};

struct gateway {
        struct routes *routes;
        struct upstreams *upstreams;
        struct observer *observer;
};

/* One request on its way, in its arena. */
struct call {
        struct exchange exchange;
        struct http_request *request;
        const struct route *route;
        struct cors_verdict cors;
        int64_t start_us;
};

static int or_else(int a, int b, int c)
{
        return a ? a : b ? b : c;
}

struct gateway *gateway_open(const struct gateway_config *config, struct error *error)
{
        struct gateway *g = memory_alloc(sizeof *g);
        struct upstreams_config upstreams = {.max_answer = config->max_answer ? config->max_answer : MOST_ANSWER};

        g->routes = routes_open(config->routes, config->profile, error);
        if (g->routes) {
                upstreams.connect_ms = or_else(config->connect_ms, g->routes->connect_ms, CONNECT_MS);
                upstreams.response_ms = or_else(config->response_ms, g->routes->response_ms, RESPONSE_MS);
                g->observer = observer_open(config->metrics, g->routes);
                g->upstreams = upstreams_open(&upstreams, error);
        }
        if (!g->upstreams)
                gateway_close(&g);
        return g;
}

void gateway_close(struct gateway **gateway)
{
        struct gateway *g = *gateway;

        if (!g)
                return;
        *gateway = NULL;
        upstreams_close(&g->upstreams);
        observer_close(&g->observer);
        routes_close(&g->routes);
        free(g);
}

void gateway_stop(struct gateway *g)
{
        upstreams_stop(g->upstreams);
}

int gateway_port(const struct gateway *g)
{
        return g->routes->port;
}

const char *gateway_source(const struct gateway *g)
{
        return g->routes->source;
}

const char *const *gateway_warnings(const struct gateway *g)
{
        return g->routes->warnings;
}

void gateway_routes_json(const struct gateway *g, struct text *out)
{
        routes_json(g->routes, out);
}

static bool collect(void *arg, const char *name, const char *value)
{
        headers_add(arg, name, value);
        return true;
}

static void add_cors(struct http_request *request, const struct cors_verdict *cors)
{
        for (int i = 0; i < cors->header_count; i++)
                http_answer_header(request, cors->headers[i].name, cors->headers[i].value);
}

/* What is decided without an upstream; true: it is answered. */
static bool answer_here(struct http_request *request, const struct routes *routes, const struct headers *in,
                        struct cors_verdict *cors)
{
        struct cors_request asked = {
                .method = request->method,
                .origin = headers_value(in, "Origin"),
                .scheme = forward_scheme(in, request->peer_trusted),
                .host = forward_host(in, request->peer_trusted),
                .asked_method = headers_value(in, "Access-Control-Request-Method"),
                .asked_headers = headers_value(in, "Access-Control-Request-Headers"),
        };

        cors->outcome = CORS_NONE;
        if (path_has_dots(request->path)) {
                http_answer_problem(request, 400, "dot segments in the path");
                return true;
        }
        if (path_begins_with(request->path, "actuator")) {
                http_answer_problem(request, 404, "the gateway has no %s", request->path);
                return true;
        }
        cors_decide(request->arena, routes_cors(routes, request->path), &asked, cors);
        if (cors->outcome == CORS_REFUSED)
                http_answer_problem(request, 403, "CORS: %s", cors->reason);
        else if (cors->outcome == CORS_ANSWER)
                request->answer.status = 200;
        else
                return false;
        add_cors(request, cors);
        return true;
}

/* What StripPrefix took off, for X-Forwarded-Prefix; NULL: nothing that can be said that way. */
static const char *prefix_of(struct arena *arena, const char *asked, const char *sent)
{
        size_t asked_len = strlen(asked), sent_len = strlen(sent);

        if (strcmp(sent, "/") == 0)
                sent_len = asked[asked_len - 1] == '/';
        else if (sent_len > asked_len || strcmp(asked + asked_len - sent_len, sent) != 0)
                return NULL;
        return sent_len < asked_len ? arena_copy(arena, asked, asked_len - sent_len) : NULL;
}

static const char *template_of(const struct route *route)
{
        for (size_t i = 0; i < route->predicate_count; i++)
                if (route->predicates[i].patterns)
                        return pattern_text(route->predicates[i].patterns[0]);
        return route->id;
}

/* On the upstream's thread. */
static void call_done(struct exchange *exchange)
{
        struct call *call = exchange->arg;

        http_resume(call->request);
}

static void fill_exchange(struct call *call, const struct headers *in, const char *path)
{
        struct http_request *request = call->request;
        struct headers out = {.arena = request->arena};
        struct origin origin = {
                .peer = request->peer,
                .trusted = request->peer_trusted,
                .traceparent = request->traceparent,
                .prefix = prefix_of(request->arena, request->path, path),
        };

        forward_request(in, &origin, &out);
        call->exchange = (struct exchange){
                .arena = request->arena,
                .method = request->method,
                .url = arena_printf(request->arena, "%s%s%s%s", call->route->base, path, request->query ? "?" : "",
                                    request->query ? request->query : ""),
                .headers = out.at,
                .header_count = out.count,
                .body = request->body,
                .body_len = request->body_len,
                .done = call_done,
                .arg = call,
        };
}

static enum http_result refuse(struct http_request *request, const struct cors_verdict *cors)
{
        http_answer_problem(request, 404, "no route for %s %s", request->method, request->path);
        add_cors(request, cors);
        return HTTP_ANSWERED;
}

enum http_result gateway_handle(struct http_request *request, void *arg)
{
        struct gateway *g = arg;
        struct outgoing outgoing = {.arena = request->arena, .path = request->path, .headers = {.arena = request->arena}};
        struct call *call = arena_alloc(request->arena, sizeof *call);
        const struct route *route;

        call->start_us = clock_mono_us();
        http_each_header(request, collect, &outgoing.headers);
        if (answer_here(request, g->routes, &outgoing.headers, &call->cors))
                return HTTP_ANSWERED;
        route = *request->path == '/' ? routes_find(g->routes, request) : NULL;
        if (!route)
                return refuse(request, &call->cors);
        request->uri_template = template_of(route);
        for (size_t i = 0; i < route->filter_count; i++)
                route->filters[i].kind->apply(&route->filters[i], &outgoing);
        if (path_begins_with(outgoing.path, "actuator"))
                return refuse(request, &call->cors); /* StripPrefix is no way to a service's */
        call->request = request;
        call->route = route;
        fill_exchange(call, &outgoing.headers, outgoing.path);
        request->state = call;
        upstreams_start(g->upstreams, &call->exchange);
        return HTTP_LATER;
}

static void answer_failure(struct call *call)
{
        static const struct {
                int status;
                const char *what;
        } failures[] = {
                [UPSTREAM_REFUSED] = {503, "cannot be reached"},
                [UPSTREAM_SLOW] = {504, "is too slow"},
                [UPSTREAM_BROKEN] = {502, "broke off"},
        };
        const struct exchange *x = &call->exchange;

        http_answer_problem(call->request, failures[x->outcome].status, "route %s: %s %s: %s", call->route->id,
                            call->route->uri, failures[x->outcome].what, x->reason);
}

/* To HEAD an upstream announces a length without a body; ours announces what it is given and sends none. */
static void answer_length(struct http_request *request, const struct headers *in)
{
        const char *said = strcmp(request->method, "HEAD") == 0 ? headers_value(in, "Content-Length") : NULL;
        long long length = said ? strtoll(said, NULL, 10) : 0;

        if (length <= 0 || length > MOST_HEAD_LENGTH)
                return;
        request->answer.body = arena_alloc(request->arena, (size_t)length);
        request->answer.len = (size_t)length;
}

/* What the client sees of the upstream's fields, apart from its Content-Type. */
static struct headers answer_fields(struct call *call, const struct headers *in)
{
        struct http_request *request = call->request;
        struct headers all = {.arena = request->arena}, kept = {.arena = request->arena};

        forward_answer(in, &all);
        for (size_t i = 0; i < all.count; i++)
                if (!request->answer.type && strcasecmp(all.at[i].name, "Content-Type") == 0)
                        request->answer.type = all.at[i].value;
                else if (!cors_owns(&call->cors, all.at[i].name))
                        headers_add(&kept, all.at[i].name, all.at[i].value);
        return kept;
}

static bool answer_upstream(struct call *call)
{
        struct http_request *request = call->request;
        const struct exchange *x = &call->exchange;
        struct headers in = {request->arena, x->answer_headers, x->answer_header_count, x->answer_header_count};
        struct headers out = answer_fields(call, &in);

        if (out.count + (size_t)call->cors.header_count > HTTP_ANSWER_HEADERS)
                return false;
        request->answer.status = x->status;
        if (x->answer_len) {
                request->answer.body = x->answer_body;
                request->answer.len = x->answer_len;
        }
        for (size_t i = 0; i < out.count; i++)
                http_answer_header(request, out.at[i].name, out.at[i].value);
        answer_length(request, &in);
        return true;
}

void gateway_finish(struct http_request *request, void *arg)
{
        struct gateway *g = arg;
        struct call *call = request->state;

        if (call->exchange.outcome != UPSTREAM_ANSWERED) {
                answer_failure(call);
        } else if (!answer_upstream(call)) {
                call->exchange.outcome = UPSTREAM_BROKEN;
                call->exchange.reason = "the answer has too many header fields";
                answer_failure(call);
        }
        add_cors(request, &call->cors);
        observer_note(g->observer, call->route, request->answer.status, clock_mono_us() - call->start_us);
}
