#include "gateway/proxy/admit.h"

#include "gateway/proxy/forward.h"
#include "gateway/proxy/proxy_request_inside.h"
#include "gateway/routing/path.h"

#include <string.h>

static bool is_path_fine(struct proxy_request *p, const char *path)
{
        const char *why;
        int status = path_check(p->request->arena, path, &why);

        return !status || answer_here(p, status, why);
}

/* A server may read the path in another way than we do (path.h): the route must be the same. */
static bool find_route(struct proxy_request *p)
{
        struct http_request *r = p->request;
        const struct routes *routes = p->snapshot->routes;
        struct asked otherwise = p->asked;

        p->route = routes_find(routes, &p->asked);
        otherwise.path = p->fallen_from ? path_reading(r->arena, p->asked.path) : p->reading;
        if (otherwise.path != p->asked.path && routes_find(routes, &otherwise) != p->route) {
                p->route = NULL;
                return answer_here(
                        p, 400, "the path can be read in two ways, which lead to different routes");
        }
        if (!p->route)
                return answer_here(
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
        struct cors_request asked = {.method = r->method, .origin = headers_if_there(in, "Origin")};

        p->reading = path_reading(r->arena, r->path);
        if (p->reading != r->path && config != routes_cors(p->snapshot->routes, p->reading))
                return answer_here(p, 400,
                                   "the path can be read in two ways, for which CORS "
                                   "is configured differently");
        if (asked.origin) { /* the others count only beside it */
                asked.scheme = forward_scheme(in, r->client_hops);
                asked.host = forward_host(in, r->client_hops);
                asked.asked_method = headers_if_there(in, "Access-Control-Request-Method");
                asked.asked_headers = headers_if_there(in, "Access-Control-Request-Headers");
        }
        cors_decide(r->arena, config, &asked, &p->cors);
        if (p->cors.outcome == CORS_REFUSED)
                return answer_here(p, 403, arena_printf(r->arena, "CORS: %s", p->cors.reason));
        return p->cors.outcome == CORS_ANSWER ? answer_here(p, 200, NULL) : true;
}

static bool pass_limiter(struct proxy_request *p)
{
        const struct route_limiter *limiter = p->route->limiter;
        const char *key = limiter ? route_limiter_key(limiter, &p->asked) : NULL;

        if (!limiter || (!key && !limiter->deny_empty))
                return true;
        if (!key)
                return answer_here(
                        p, limiter->empty_status,
                        arena_printf(p->request->arena, "%s is missing", limiter->header));
        p->admission.limiter = limiter;
        if (limiter_take(limiter->state, key, loop_now_us(p->worker->loop) / 1000,
                         &p->admission.tokens_left))
                return true;
        p->own.retry_after_s = 1;
        return answer_here(p, limiter->status, "too many requests");
}

static bool pass_in_flight(struct proxy_request *p)
{
        int most = p->target->limits.max_in_flight;

        if (atomic_fetch_add(&p->target->in_flight, 1) < most) {
                p->admission.counted_at = p->target;
                return true;
        }
        atomic_fetch_sub(&p->target->in_flight, 1);
        p->own.retry_after_s = 1;
        return answer_here(p, 503,
                           arena_printf(p->request->arena,
                                        "route %s: %d requests are in flight, which is the most",
                                        p->route->id, most));
}

static bool pass_breaker(struct proxy_request *p)
{
        const struct route_breaker *b = p->route->breaker;
        int64_t now_ms = loop_now_us(p->worker->loop) / 1000;

        if (!b || p->fallen_from)
                return true;
        p->admission.breaker = b;
        p->admission.ticket = breaker_ask(b->state, now_ms);
        if (p->admission.ticket)
                return true;
        p->own.retry_after_s = (int)((breaker_wait_ms(b->state, now_ms) + 999) / 1000);
        return answer_here(p, 503,
                           arena_printf(p->request->arena,
                                        "route %s: the circuit breaker %s is open", p->route->id,
                                        b->name));
}

bool admit_met_open_breaker(const struct proxy_request *p)
{
        return p->admission.breaker && !p->admission.ticket;
}

void admit_note_breaker(struct proxy_request *p, enum breaker_outcome outcome)
{
        if (p->admission.ticket)
                breaker_note(p->admission.breaker->state, p->admission.ticket, outcome,
                             loop_now_us(p->worker->loop) / 1000);
        p->admission.ticket = 0;
}

void admit_give_back(struct proxy_request *p)
{
        admit_note_breaker(p, BREAKER_UNKNOWN);
        if (p->admission.counted_at)
                atomic_fetch_sub(&p->admission.counted_at->in_flight, 1);
        p->admission.counted_at = NULL;
}

const char *admit_too_large(const struct proxy_request *p, size_t more)
{
        int64_t most = p->chain.max_body;

        if (!most || p->streamed + (int64_t)(p->request->body_len + more) <= most)
                return NULL;
        return arena_printf(p->request->arena, "route %s takes no more than %lld bytes",
                            p->route->id, (long long)most);
}

/* A filter may answer itself. Its fields then go out with the answer, as those of any other. */
static bool pass_filters(struct proxy_request *p)
{
        const char *too_large;

        filter_chain_open(&p->chain, p->route, &p->asked);
        if (!filter_chain_request(&p->chain))
                return answer_here(p, p->chain.status, p->chain.detail);
        too_large = admit_too_large(p, 0);
        if (too_large)
                return answer_here(p, 413, too_large);
        if (!p->target->host)
                return answer_here(
                        p, 404,
                        arena_printf(p->request->arena, "route %s leads nowhere", p->route->id));
        return p->chain.path == p->asked.path || is_path_fine(p, p->chain.path);
}

/* The answer to TRACE repeats the request (RFC 9110, 9.3.8), also cookies and what proxies
   added. */
static bool is_passed_on(struct proxy_request *p)
{
        struct http_request *r = p->request;

        if (strcmp(r->method, "TRACE") != 0)
                return true;
        http_answer_header(r, "Allow", "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS");
        r->answer.close = true; /* TRACE must have no body, but what follows may be meant as one */
        return answer_here(p, 405, "TRACE is not passed on");
}

bool admit_any_route(struct proxy_request *p)
{
        if (p->worker->stopping)
                return answer_here(p, 503, "the gateway is stopping");
        return is_passed_on(p) && is_path_fine(p, p->request->path) && decide_cors(p);
}

bool admit_on_route(struct proxy_request *p)
{
        return find_route(p) && pass_limiter(p) && pass_in_flight(p) && pass_breaker(p) &&
               pass_filters(p);
}
