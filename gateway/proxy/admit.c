/* What is decided about a request before anything is sent: each step lets it pass or answers it
   here. */
#include "gateway/proxy/proxy_request.h"
#include "gateway/routing/path.h"

#include <string.h>

bool proxy_request_answer_here(struct proxy_request *c, int status, const char *detail)
{
        c->status = status;
        c->detail = detail;
        return false;
}

static bool is_path_fine(struct proxy_request *c, const char *path)
{
        const char *why;
        int status = path_check(c->request->arena, path, &why);

        return !status || proxy_request_answer_here(c, status, why);
}

/* However the path is read, the same route must take it. */
static bool find_route(struct proxy_request *c)
{
        struct http_request *r = c->request;
        const struct routes *routes = c->snapshot->routes;
        struct asked otherwise = c->asked;

        c->route = routes_find(routes, &c->asked);
        otherwise.path = path_reading(r->arena, c->asked.path);
        if (otherwise.path != c->asked.path && routes_find(routes, &otherwise) != c->route) {
                c->route = NULL;
                return proxy_request_answer_here(
                        c, 400, "the path can be read in two ways, which lead to different routes");
        }
        if (!c->route)
                return proxy_request_answer_here(
                        c, 404,
                        arena_printf(r->arena, "no route for %s %s", r->method, c->asked.path));
        c->target = snapshot_target(c->snapshot, c->route);
        return true;
}

static bool decide_cors(struct proxy_request *c)
{
        struct http_request *r = c->request;
        const struct headers *in = &c->received;
        const struct cors_config *config = routes_cors(c->snapshot->routes, r->path);
        const char *reading = path_reading(r->arena, r->path);
        struct cors_request asked = {
                .method = r->method,
                .origin = headers_if_there(in, "Origin"),
                .scheme = forward_scheme(in, r->client_hops),
                .host = forward_host(in, r->client_hops),
                .asked_method = headers_if_there(in, "Access-Control-Request-Method"),
                .asked_headers = headers_if_there(in, "Access-Control-Request-Headers"),
        };

        if (reading != r->path && config != routes_cors(c->snapshot->routes, reading))
                return proxy_request_answer_here(c, 400,
                                                 "the path can be read in two ways, of which CORS "
                                                 "is configured differently");
        cors_decide(r->arena, config, &asked, &c->cors);
        if (c->cors.outcome == CORS_REFUSED)
                return proxy_request_answer_here(
                        c, 403, arena_printf(r->arena, "CORS: %s", c->cors.reason));
        return c->cors.outcome == CORS_ANSWER ? proxy_request_answer_here(c, 200, NULL) : true;
}

static bool pass_limiter(struct proxy_request *c)
{
        const struct route_limiter *limiter = c->route->limiter;
        const char *key = limiter ? route_limiter_key(limiter, &c->asked) : NULL;

        if (!limiter || (!key && !limiter->deny_empty))
                return true;
        if (!key)
                return proxy_request_answer_here(
                        c, limiter->empty_status,
                        arena_printf(c->request->arena, "%s is missing", limiter->header));
        c->limiter = limiter;
        if (limiter_take(limiter->state, key, loop_now_us(c->worker->loop) / 1000, &c->tokens_left))
                return true;
        c->retry_after_s = 1;
        return proxy_request_answer_here(c, limiter->status, "too many requests");
}

static bool pass_crowd(struct proxy_request *c)
{
        int most = c->target->limits.max_in_flight;

        if (atomic_fetch_add(&c->target->in_flight, 1) < most) {
                c->counted = true;
                return true;
        }
        atomic_fetch_sub(&c->target->in_flight, 1);
        c->retry_after_s = 1;
        return proxy_request_answer_here(
                c, 503,
                arena_printf(c->request->arena,
                             "route %s: %d requests are in flight, which is the most", c->route->id,
                             most));
}

void proxy_request_leave_crowd(struct proxy_request *c)
{
        if (c->counted)
                atomic_fetch_sub(&c->target->in_flight, 1);
        c->counted = false;
}

static bool pass_breaker(struct proxy_request *c)
{
        const struct route_breaker *b = c->route->breaker;
        int64_t now_ms = loop_now_us(c->worker->loop) / 1000;

        if (!b || c->fallen_back)
                return true;
        c->ticket = breaker_ask(b->state, now_ms);
        if (c->ticket) {
                c->breaker = b;
                return true;
        }
        c->open = true;
        c->retry_after_s = (int)((breaker_wait_ms(b->state, now_ms) + 999) / 1000);
        return proxy_request_answer_here(c, 503,
                                         arena_printf(c->request->arena,
                                                      "route %s: the circuit breaker %s is open",
                                                      c->route->id, b->name));
}

void proxy_request_note_breaker(struct proxy_request *c, enum breaker_outcome outcome)
{
        if (c->ticket)
                breaker_note(c->breaker->state, c->ticket, outcome,
                             loop_now_us(c->worker->loop) / 1000);
        c->ticket = 0;
}

bool proxy_request_is_too_large(const struct proxy_request *c, size_t more)
{
        return c->chain.max_body &&
               c->streamed + (int64_t)(c->request->body_len + more) > c->chain.max_body;
}

const char *proxy_request_too_large(const struct proxy_request *c)
{
        return arena_printf(c->request->arena, "route %s takes no more than %lld bytes",
                            c->route->id, (long long)c->chain.max_body);
}

/* A filter may answer; its fields go out with those of any answer. */
static bool pass_filters(struct proxy_request *c)
{
        filter_chain_open(&c->chain, c->route, &c->asked);
        if (!filter_chain_request(&c->chain))
                return proxy_request_answer_here(c, c->chain.status, c->chain.detail);
        if (proxy_request_is_too_large(c, 0))
                return proxy_request_answer_here(c, 413, proxy_request_too_large(c));
        if (!c->target->host)
                return proxy_request_answer_here(
                        c, 404,
                        arena_printf(c->request->arena, "route %s leads nowhere", c->route->id));
        return c->chain.path == c->asked.path || is_path_fine(c, c->chain.path);
}

/* Who answers to TRACE repeats what it was sent (RFC 9110, 9.3.8): also what we and other proxies
   added, and cookies. */
static bool is_passed_on(struct proxy_request *c)
{
        struct http_request *r = c->request;

        if (strcmp(r->method, "TRACE") != 0)
                return true;
        http_answer_header(r, "Allow", "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS");
        r->answer.close =
                true; /* what stands behind it may be meant as its body, which it must not have */
        return proxy_request_answer_here(c, 405, "TRACE is not passed on");
}

bool admit_any_route(struct proxy_request *c)
{
        if (c->worker->stopping)
                return proxy_request_answer_here(c, 503, "the gateway is stopping");
        return is_passed_on(c) && is_path_fine(c, c->request->path) && decide_cors(c);
}

bool admit_on_route(struct proxy_request *c)
{
        return find_route(c) && pass_limiter(c) && pass_crowd(c) && pass_breaker(c) &&
               pass_filters(c);
}
