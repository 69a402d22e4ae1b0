/* What is decided about a request before anything is sent: each step lets it pass or answers it
   here. */
#include "gateway/proxy/proxy_request.h"
#include "gateway/routing/path.h"

#include <string.h>

bool proxy_request_answer_here(struct proxy_request *p, int status, const char *detail)
{
        p->status = status;
        p->detail = detail;
        return false;
}

static bool is_path_fine(struct proxy_request *p, const char *path)
{
        const char *why;
        int status = path_check(p->request->arena, path, &why);

        return !status || proxy_request_answer_here(p, status, why);
}

/* However the path is read, the same route must take it. */
static bool find_route(struct proxy_request *p)
{
        struct http_request *r = p->request;
        const struct routes *routes = p->snapshot->routes;
        struct asked otherwise = p->asked;

        p->route = routes_find(routes, &p->asked);
        otherwise.path = path_reading(r->arena, p->asked.path);
        if (otherwise.path != p->asked.path && routes_find(routes, &otherwise) != p->route) {
                p->route = NULL;
                return proxy_request_answer_here(
                        p, 400, "the path can be read in two ways, which lead to different routes");
        }
        if (!p->route)
                return proxy_request_answer_here(
                        p, 404,
                        arena_printf(r->arena, "no route for %s %s", r->method, p->asked.path));
        p->target = snapshot_target(p->snapshot, p->route);
        return true;
}

static bool decide_cors(struct proxy_request *p)
{
        struct http_request *r = p->request;
        const struct headers *in = &p->received;
        const struct cors_config *config = routes_cors(p->snapshot->routes, r->path);
        const char *reading = path_reading(r->arena, r->path);
        struct cors_request asked = {
                .method = r->method,
                .origin = headers_if_there(in, "Origin"),
                .scheme = forward_scheme(in, r->client_hops),
                .host = forward_host(in, r->client_hops),
                .asked_method = headers_if_there(in, "Access-Control-Request-Method"),
                .asked_headers = headers_if_there(in, "Access-Control-Request-Headers"),
        };

        if (reading != r->path && config != routes_cors(p->snapshot->routes, reading))
                return proxy_request_answer_here(p, 400,
                                                 "the path can be read in two ways, of which CORS "
                                                 "is configured differently");
        cors_decide(r->arena, config, &asked, &p->cors);
        if (p->cors.outcome == CORS_REFUSED)
                return proxy_request_answer_here(
                        p, 403, arena_printf(r->arena, "CORS: %s", p->cors.reason));
        return p->cors.outcome == CORS_ANSWER ? proxy_request_answer_here(p, 200, NULL) : true;
}

static bool pass_limiter(struct proxy_request *p)
{
        const struct route_limiter *limiter = p->route->limiter;
        const char *key = limiter ? route_limiter_key(limiter, &p->asked) : NULL;

        if (!limiter || (!key && !limiter->deny_empty))
                return true;
        if (!key)
                return proxy_request_answer_here(
                        p, limiter->empty_status,
                        arena_printf(p->request->arena, "%s is missing", limiter->header));
        p->limiter = limiter;
        if (limiter_take(limiter->state, key, loop_now_us(p->worker->loop) / 1000, &p->tokens_left))
                return true;
        p->retry_after_s = 1;
        return proxy_request_answer_here(p, limiter->status, "too many requests");
}

static bool pass_crowd(struct proxy_request *p)
{
        int most = p->target->limits.max_in_flight;

        if (atomic_fetch_add(&p->target->in_flight, 1) < most) {
                p->counted = true;
                return true;
        }
        atomic_fetch_sub(&p->target->in_flight, 1);
        p->retry_after_s = 1;
        return proxy_request_answer_here(
                p, 503,
                arena_printf(p->request->arena,
                             "route %s: %d requests are in flight, which is the most", p->route->id,
                             most));
}

void proxy_request_leave_crowd(struct proxy_request *p)
{
        if (p->counted)
                atomic_fetch_sub(&p->target->in_flight, 1);
        p->counted = false;
}

static bool pass_breaker(struct proxy_request *p)
{
        const struct route_breaker *b = p->route->breaker;
        int64_t now_ms = loop_now_us(p->worker->loop) / 1000;

        if (!b || p->fallen_back)
                return true;
        p->ticket = breaker_ask(b->state, now_ms);
        if (p->ticket) {
                p->breaker = b;
                return true;
        }
        p->open = true;
        p->retry_after_s = (int)((breaker_wait_ms(b->state, now_ms) + 999) / 1000);
        return proxy_request_answer_here(p, 503,
                                         arena_printf(p->request->arena,
                                                      "route %s: the circuit breaker %s is open",
                                                      p->route->id, b->name));
}

void proxy_request_note_breaker(struct proxy_request *p, enum breaker_outcome outcome)
{
        if (p->ticket)
                breaker_note(p->breaker->state, p->ticket, outcome,
                             loop_now_us(p->worker->loop) / 1000);
        p->ticket = 0;
}

bool proxy_request_is_too_large(const struct proxy_request *p, size_t more)
{
        return p->chain.max_body &&
               p->streamed + (int64_t)(p->request->body_len + more) > p->chain.max_body;
}

const char *proxy_request_too_large(const struct proxy_request *p)
{
        return arena_printf(p->request->arena, "route %s takes no more than %lld bytes",
                            p->route->id, (long long)p->chain.max_body);
}

/* A filter may answer; its fields go out with those of any answer. */
static bool pass_filters(struct proxy_request *p)
{
        filter_chain_open(&p->chain, p->route, &p->asked);
        if (!filter_chain_request(&p->chain))
                return proxy_request_answer_here(p, p->chain.status, p->chain.detail);
        if (proxy_request_is_too_large(p, 0))
                return proxy_request_answer_here(p, 413, proxy_request_too_large(p));
        if (!p->target->host)
                return proxy_request_answer_here(
                        p, 404,
                        arena_printf(p->request->arena, "route %s leads nowhere", p->route->id));
        return p->chain.path == p->asked.path || is_path_fine(p, p->chain.path);
}

/* Who answers to TRACE repeats what it was sent (RFC 9110, 9.3.8): also what we and other proxies
   added, and cookies. */
static bool is_passed_on(struct proxy_request *p)
{
        struct http_request *r = p->request;

        if (strcmp(r->method, "TRACE") != 0)
                return true;
        http_answer_header(r, "Allow", "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS");
        r->answer.close =
                true; /* what stands behind it may be meant as its body, which it must not have */
        return proxy_request_answer_here(p, 405, "TRACE is not passed on");
}

bool admit_any_route(struct proxy_request *p)
{
        if (p->worker->stopping)
                return proxy_request_answer_here(p, 503, "the gateway is stopping");
        return is_passed_on(p) && is_path_fine(p, p->request->path) && decide_cors(p);
}

bool admit_on_route(struct proxy_request *p)
{
        return find_route(p) && pass_limiter(p) && pass_crowd(p) && pass_breaker(p) &&
               pass_filters(p);
}
