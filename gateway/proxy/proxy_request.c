#include "gateway/proxy/proxy_request.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static bool collect(void *arg, const char *name, const char *value)
{
        headers_add(arg, name, value);
        return true;
}

/* ---- towards the upstream ---- */

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

/* As a UUID of version 7 (RFC 9562, 5.7) begins: by time, so that keys made one after the other lie
   beside each other in the upstream's index. All random, each would dirty a page of its own. */
static const char *new_key(struct proxy_request *p)
{
        struct proxy_worker *worker = p->worker;
        int64_t now_ms = clock_wall_ms();
        unsigned char *k;
        char text[40];

        if (!worker->keys_left) {
                if (getrandom(worker->keys, sizeof worker->keys, 0) != sizeof worker->keys)
                        return NULL;
                worker->keys_left = KEY_STOCK;
        }
        k = worker->keys[--worker->keys_left];
        for (int i = 0; i < 6; i++)
                k[i] = (unsigned char)(now_ms >> (40 - 8 * i));
        snprintf(text, sizeof text,
                 "gw-%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x", k[0], k[1],
                 k[2], k[3], k[4], k[5], k[6], k[7], k[8], k[9], k[10], k[11], k[12], k[13], k[14],
                 k[15]);
        return arena_string(p->request->arena, text);
}

/* By the key a service recognises what it has made already, so that a POST may be sent again. */
static void give_key(struct proxy_request *p, struct headers *out)
{
        p->key = headers_if_there(out, "Idempotency-Key");
        if (p->key || strcmp(p->request->method, "POST") != 0 ||
            p->route->idempotency == IDEMPOTENCY_NO)
                return;
        p->key = new_key(p);
        p->made_key = p->key != NULL;
        if (p->key)
                headers_add(out, "Idempotency-Key", p->key);
}

static void fill_upstream(struct proxy_request *p)
{
        struct http_request *r = p->request;
        struct headers *out = &p->chain.headers;
        struct origin origin = {
                .peer = r->peer,
                .hops = r->client_hops,
                .traceparent = r->traceparent,
                .prefix = prefix_of(r->arena, p->asked.path, p->chain.path),
        };

        forward_request(out, &origin);
        give_key(p, out);
        p->upstream = (struct upstream_request){
                .arena = r->arena,
                .host = p->target->host,
                .port = p->target->port,
                .authority = p->target->authority,
                .method = r->method,
                .target = p->chain.query
                                  ? arena_printf(r->arena, "%s?%s", p->chain.path, p->chain.query)
                                  : p->chain.path,
                .headers = out->at,
                .header_count = out->count,
                .body = r->body,
                .body_len = r->body_len,
                .body_total = r->body_total,
                .more = r->partial,
                .connect_ms = p->target->limits.connect_ms,
                .response_ms = p->target->limits.response_ms,
                .arg = p,
        };
}

static bool prepare(struct proxy_request *p)
{
        if (!admit_on_route(p))
                return false;
        fill_upstream(p);
        return true;
}

/* The route's own way out when the upstream is no good: another route of the file. */
static bool fall_back(struct proxy_request *p)
{
        const char *path = p->route && p->route->breaker ? p->route->breaker->fallback : NULL;

        if (!path || p->fallen_back || p->request->partial)
                return false;
        if (p->tries)
                upstream_cancel(&p->upstream);
        proxy_request_leave_crowd(p);
        p->fallen_back = true;
        p->asked.path = path;
        p->status = 0;
        p->retry_after_s = 0;
        p->reached = 0;
        p->tries = 0;
        return prepare(p);
}

static bool begin(struct proxy_request *p)
{
        if (!forward_receive(&p->received, p->request->peer_trusted))
                return proxy_request_answer_here(p, 431, "Connection names too many fields");
        if (!admit_any_route(p))
                return false;
        return prepare(p) || (p->open && fall_back(p));
}

bool proxy_request_begin(struct proxy_request *p)
{
        struct http_request *r = p->request;

        p->start_us = clock_mono_us();
        p->received.arena = r->arena;
        http_each_header(r, collect, &p->received);
        if (!http_has_header(r, "Host")) /* HTTP/1.0 needs none */
                headers_add(&p->received, "Host", http_own_address(r));
        p->asked = (struct asked){
                .arena = r->arena,
                .method = r->method,
                .path = r->path,
                .query = r->query,
                .client = r->client,
                .headers = &p->received,
                .random = prng_draw(&p->worker->random),
        };
        if (!begin(p)) {
                proxy_request_finish(p);
                proxy_request_end(p);
                return false;
        }
        r->uri_template = route_template(p->route);
        p->running = true;
        LIST_INSERT_HEAD(&p->worker->requests, p, beside);
        retry_budget_earn(&p->worker->budget);
        proxy_request_send(p);
        return true;
}

/* ---- what comes back ---- */

static void settle(struct proxy_request *p)
{
        p->answered = true;
        http_resume(p->request);
        http_go_on(p->request);
}

static bool is_bad(const struct proxy_request *p)
{
        const struct upstream_request *x = &p->upstream;

        return x->outcome != UPSTREAM_ANSWERED ||
               (p->breaker && statuses_have(&p->breaker->bad, x->status));
}

static void done(struct upstream_request *x)
{
        struct proxy_request *p = x->arg;
        bool bad = is_bad(p);

        p->reached += x->reached;
        retry_learn(p);
        if (retry_again(p))
                return;
        if (p->ticket) {
                proxy_request_note_breaker(p, bad ? BREAKER_BAD : BREAKER_GOOD);
                if (bad && fall_back(p)) {
                        proxy_request_send(p);
                        return;
                }
        }
        settle(p);
}

static void ready(struct upstream_request *x)
{
        struct proxy_request *p = x->arg;

        http_go_on(p->request);
}

void proxy_request_send(struct proxy_request *p)
{
        p->tries++;
        p->upstream.done = done;
        p->upstream.ready = ready;
        p->upstream.careful =
                strcmp(p->request->method, "GET") != 0 && strcmp(p->request->method, "HEAD") != 0;
        upstream_start(p->worker->upstreams, &p->upstream);
        if (p->request->partial)
                http_go_on(p->request); /* a piece may wait for this connection */
}

size_t proxy_request_take(struct proxy_request *p, const char *data, size_t len)
{
        size_t taken, all;

        if (p->answered)
                return len;
        if (proxy_request_is_too_large(p, len)) {
                proxy_request_give_up(p, 413, proxy_request_too_large(p));
                return len;
        }
        if (p->timer.set) { /* the next try is to have it */
                p->upstream.ending = !len;
                return 0;
        }
        all = taken = upstream_write(&p->upstream, data, len);
        while (taken && all < len) /* or nobody would say when to go on */
                all += taken = upstream_write(&p->upstream, data + all, len - all);
        p->streamed += (int64_t)all;
        return all;
}

void proxy_request_give_up(struct proxy_request *p, int status, const char *why)
{
        loop_timer_clear(p->worker->loop, &p->timer);
        upstream_cancel(&p->upstream);
        proxy_request_note_breaker(p, BREAKER_UNKNOWN);
        if (p->answered) {
                if (!p->upstream.reason)
                        p->upstream.reason = why; /* what is still being read of it breaks off */
                http_go_on(p->request);
                return;
        }
        proxy_request_answer_here(p, status, why);
        settle(p);
}

void proxy_request_stop_all(struct proxy_worker *worker)
{
        worker->stopping = true;
        for (struct proxy_request *p = LIST_FIRST(&worker->requests), *next; p; p = next) {
                next = LIST_NEXT(p, beside);
                proxy_request_give_up(p, 502,
                                      "the gateway is stopping, and the upstream has not answered");
        }
}

void proxy_request_finish(struct proxy_request *p)
{
        response_fill(p);
        if (p->route)
                route_metrics_note(p->snapshot->metrics_of_routes, p->route,
                                   p->request->answer.status, clock_mono_us() - p->start_us);
}

void proxy_request_end(struct proxy_request *p)
{
        if (p->running)
                LIST_REMOVE(p, beside);
        p->running = false;
        loop_timer_clear(p->worker->loop, &p->timer);
        if (p->tries)
                upstream_cancel(&p->upstream);
        proxy_request_note_breaker(p, BREAKER_UNKNOWN);
        proxy_request_leave_crowd(p);
        snapshot_release(&p->snapshot);
}
