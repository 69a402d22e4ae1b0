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
static const char *new_key(struct proxy_request *c)
{
        struct proxy_worker *worker = c->worker;
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
        return arena_string(c->request->arena, text);
}

/* By the key a service recognises what it has made already, so that a POST may be sent again. */
static void give_key(struct proxy_request *c, struct headers *out)
{
        c->key = headers_if_there(out, "Idempotency-Key");
        if (c->key || strcmp(c->request->method, "POST") != 0 ||
            c->route->idempotency == IDEMPOTENCY_NO)
                return;
        c->key = new_key(c);
        c->made_key = c->key != NULL;
        if (c->key)
                headers_add(out, "Idempotency-Key", c->key);
}

static void fill_upstream(struct proxy_request *c)
{
        struct http_request *r = c->request;
        struct headers *out = &c->chain.headers;
        struct origin origin = {
                .peer = r->peer,
                .hops = r->client_hops,
                .traceparent = r->traceparent,
                .prefix = prefix_of(r->arena, c->asked.path, c->chain.path),
        };

        forward_request(out, &origin);
        give_key(c, out);
        c->upstream = (struct upstream_request){
                .arena = r->arena,
                .host = c->target->host,
                .port = c->target->port,
                .authority = c->target->authority,
                .method = r->method,
                .target = c->chain.query
                                  ? arena_printf(r->arena, "%s?%s", c->chain.path, c->chain.query)
                                  : c->chain.path,
                .headers = out->at,
                .header_count = out->count,
                .body = r->body,
                .body_len = r->body_len,
                .body_total = r->body_total,
                .more = r->partial,
                .connect_ms = c->target->limits.connect_ms,
                .response_ms = c->target->limits.response_ms,
                .arg = c,
        };
}

static bool prepare(struct proxy_request *c)
{
        if (!admit_on_route(c))
                return false;
        fill_upstream(c);
        return true;
}

/* The route's own way out when the upstream is no good: another route of the file. */
static bool fall_back(struct proxy_request *c)
{
        const char *path = c->route && c->route->breaker ? c->route->breaker->fallback : NULL;

        if (!path || c->fallen_back || c->request->partial)
                return false;
        proxy_request_leave_crowd(c);
        c->fallen_back = true;
        c->asked.path = path;
        c->status = 0;
        c->retry_after_s = 0;
        c->reached = 0;
        c->tries = 0;
        return prepare(c);
}

static bool begin(struct proxy_request *c)
{
        if (!forward_receive(&c->received, c->request->peer_trusted))
                return proxy_request_answer_here(c, 431, "Connection names too many fields");
        if (!admit_any_route(c))
                return false;
        return prepare(c) || (c->open && fall_back(c));
}

bool proxy_request_begin(struct proxy_request *c)
{
        struct http_request *r = c->request;

        c->start_us = clock_mono_us();
        c->received.arena = r->arena;
        http_each_header(r, collect, &c->received);
        if (!http_has_header(r, "Host")) /* HTTP/1.0 needs none */
                headers_add(&c->received, "Host", http_own_address(r));
        c->asked = (struct asked){
                .arena = r->arena,
                .method = r->method,
                .path = r->path,
                .query = r->query,
                .client = r->client,
                .headers = &c->received,
                .random = prng_draw(&c->worker->random),
        };
        if (!begin(c)) {
                proxy_request_finish(c);
                proxy_request_end(c);
                return false;
        }
        r->uri_template = route_template(c->route);
        c->running = true;
        LIST_INSERT_HEAD(&c->worker->requests, c, beside);
        retry_budget_earn(&c->worker->budget);
        proxy_request_send(c);
        return true;
}

/* ---- what comes back ---- */

static void settle(struct proxy_request *c)
{
        c->answered = true;
        http_resume(c->request);
        http_go_on(c->request);
}

static bool is_bad(const struct proxy_request *c)
{
        const struct upstream_request *x = &c->upstream;

        return x->outcome != UPSTREAM_ANSWERED ||
               (c->breaker && statuses_have(&c->breaker->bad, x->status));
}

static void done(struct upstream_request *x)
{
        struct proxy_request *c = x->arg;
        bool bad = is_bad(c);

        c->reached += x->reached;
        retry_learn(c);
        if (retry_again(c))
                return;
        if (c->ticket) {
                proxy_request_note_breaker(c, bad ? BREAKER_BAD : BREAKER_GOOD);
                if (bad) {
                        upstream_cancel(x);
                        if (fall_back(c)) {
                                proxy_request_send(c);
                                return;
                        }
                }
        }
        settle(c);
}

static void ready(struct upstream_request *x)
{
        struct proxy_request *c = x->arg;

        http_go_on(c->request);
}

void proxy_request_send(struct proxy_request *c)
{
        c->tries++;
        c->upstream.done = done;
        c->upstream.ready = ready;
        c->upstream.careful =
                strcmp(c->request->method, "GET") != 0 && strcmp(c->request->method, "HEAD") != 0;
        upstream_start(c->worker->upstreams, &c->upstream);
        if (c->request->partial)
                http_go_on(c->request); /* a piece may wait for this connection */
}

size_t proxy_request_take(struct proxy_request *c, const char *data, size_t len)
{
        size_t taken, all;

        if (c->answered)
                return len;
        if (proxy_request_is_too_large(c, len)) {
                proxy_request_give_up(c, 413, proxy_request_too_large(c));
                return len;
        }
        if (c->timer.set) { /* the next try is to have it */
                c->upstream.ending = !len;
                return 0;
        }
        all = taken = upstream_write(&c->upstream, data, len);
        while (taken && all < len) /* or nobody would say when to go on */
                all += taken = upstream_write(&c->upstream, data + all, len - all);
        c->streamed += (int64_t)all;
        return all;
}

void proxy_request_give_up(struct proxy_request *c, int status, const char *why)
{
        loop_timer_clear(c->worker->loop, &c->timer);
        upstream_cancel(&c->upstream);
        proxy_request_note_breaker(c, BREAKER_UNKNOWN);
        if (c->answered) {
                if (!c->upstream.reason)
                        c->upstream.reason = why; /* what is still being read of it breaks off */
                http_go_on(c->request);
                return;
        }
        proxy_request_answer_here(c, status, why);
        settle(c);
}

void proxy_request_finish(struct proxy_request *c)
{
        response_fill(c);
        if (c->route)
                route_metrics_note(c->snapshot->metrics_of_routes, c->route,
                                   c->request->answer.status, clock_mono_us() - c->start_us);
}

void proxy_request_end(struct proxy_request *c)
{
        if (c->running)
                LIST_REMOVE(c, beside);
        c->running = false;
        loop_timer_clear(c->worker->loop, &c->timer);
        if (c->tries)
                upstream_cancel(&c->upstream);
        proxy_request_note_breaker(c, BREAKER_UNKNOWN);
        proxy_request_leave_crowd(c);
        snapshot_release(&c->snapshot);
}
