#include "gateway/call.h"

#include "base/clock.h"
#include "gateway/gateway_inside.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { CONNECT_MS = 2000, RESPONSE_MS = 30000 };

static int first_said(int a, int b, int c)
{
        return a ? a : b ? b : c;
}

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

/* As a UUID of version 7 (RFC 9562, 5.7) begins: by time, so that keys made one after the other lie beside each other in the
   upstream's index. All random, each would dirty a page of its own. */
static const char *new_key(struct call *c)
{
        struct lane *lane = c->lane;
        int64_t now_ms = clock_wall_ms();
        unsigned char *k;
        char text[40];

        if (!lane->keys_left) {
                if (getrandom(lane->keys, sizeof lane->keys, 0) != sizeof lane->keys)
                        return NULL;
                lane->keys_left = KEY_STOCK;
        }
        k = lane->keys[--lane->keys_left];
        for (int i = 0; i < 6; i++)
                k[i] = (unsigned char)(now_ms >> (40 - 8 * i));
        snprintf(text, sizeof text, "gw-%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x%02x", k[0], k[1], k[2], k[3],
                 k[4], k[5], k[6], k[7], k[8], k[9], k[10], k[11], k[12], k[13], k[14], k[15]);
        return arena_string(c->request->arena, text);
}

/* By the key a service recognises what it has made already, so that a POST may be sent again. */
static void give_key(struct call *c, struct headers *out)
{
        c->key = headers_if_there(out, "Idempotency-Key");
        if (c->key || strcmp(c->request->method, "POST") != 0 || c->route->idempotency == IDEMPOTENCY_NO)
                return;
        c->key = new_key(c);
        c->made_key = c->key != NULL;
        if (c->key)
                headers_add(out, "Idempotency-Key", c->key);
}

static void fill_exchange(struct call *c)
{
        struct http_request *r = c->request;
        const struct gateway_config *config = gateway_config_of(c->lane->gateway);
        const struct client_settings *client = &c->plan->routes->client;
        struct headers *out = &c->passage.headers;
        struct origin origin = {
                .peer = r->peer,
                .hops = r->client_hops,
                .traceparent = r->traceparent,
                .prefix = prefix_of(r->arena, c->asked.path, c->passage.path),
        };
        int response_ms = first_said(c->route->response_ms, config->response_ms, client->response_ms);

        forward_request(out, &origin);
        give_key(c, out);
        c->exchange = (struct exchange){
                .arena = r->arena,
                .host = c->target->host,
                .port = c->target->port,
                .authority = c->target->authority,
                .method = r->method,
                .target = c->passage.query ? arena_printf(r->arena, "%s?%s", c->passage.path, c->passage.query) : c->passage.path,
                .headers = out->at,
                .header_count = out->count,
                .body = r->body,
                .body_len = r->body_len,
                .body_total = r->body_total,
                .more = r->partial,
                .connect_ms = first_said(c->route->connect_ms, config->connect_ms, first_said(client->connect_ms, CONNECT_MS, 0)),
                .response_ms = first_said(response_ms, RESPONSE_MS, 0),
                .arg = c,
        };
}

static bool prepare(struct call *c)
{
        if (!call_finds_its_way(c))
                return false;
        fill_exchange(c);
        return true;
}

/* The route's own way out when the upstream is no good: another route of the file. */
static bool fall_back(struct call *c)
{
        const char *path = c->route && c->route->breaker ? c->route->breaker->fallback : NULL;

        if (!path || c->fallen_back || c->request->partial)
                return false;
        call_leave_crowd(c);
        c->fallen_back = true;
        c->asked.path = path;
        c->status = 0;
        c->retry_after_s = 0;
        c->reached = 0;
        c->tries = 0;
        return prepare(c);
}

static bool begin(struct call *c)
{
        if (!forward_receive(&c->received, c->request->peer_trusted))
                return call_answer_here(c, 431, "Connection names too many fields");
        if (!call_is_welcome(c))
                return false;
        return prepare(c) || (c->open && fall_back(c));
}

bool call_begin(struct call *c)
{
        struct http_request *r = c->request;

        c->start_us = clock_mono_us();
        c->received.arena = r->arena;
        http_each_header(r, collect, &c->received);
        if (!http_has_header(r, "Host")) /* HTTP/1.0 needs none */
                headers_add(&c->received, "Host", http_own_address(r));
        c->asked = (struct asked){
                .arena = r->arena, .method = r->method, .path = r->path, .query = r->query,
                .client = r->client,
                .headers = &c->received, .random = gateway_draw(c->lane),
        };
        if (!begin(c)) {
                call_finish(c);
                call_end(c);
                return false;
        }
        r->uri_template = route_template(c->route);
        c->running = true;
        LIST_INSERT_HEAD(&c->lane->calls, c, beside);
        budget_earn(&c->lane->budget);
        call_send(c);
        return true;
}

/* ---- what comes back ---- */

static void settle(struct call *c)
{
        c->answered = true;
        http_resume(c->request);
        http_go_on(c->request);
}

static bool is_bad(const struct call *c)
{
        const struct exchange *x = &c->exchange;

        return x->outcome != UPSTREAM_ANSWERED || (c->breaker && statuses_have(&c->breaker->bad, x->status));
}

static void done(struct exchange *x)
{
        struct call *c = x->arg;
        bool bad = is_bad(c);

        c->reached += x->reached;
        call_learn(c);
        if (call_again(c))
                return;
        if (c->ticket) {
                call_note_breaker(c, bad ? BREAKER_BAD : BREAKER_GOOD);
                if (bad) {
                        exchange_cancel(x);
                        if (fall_back(c)) {
                                call_send(c);
                                return;
                        }
                }
        }
        settle(c);
}

static void ready(struct exchange *x)
{
        struct call *c = x->arg;

        http_go_on(c->request);
}

void call_send(struct call *c)
{
        c->tries++;
        c->exchange.done = done;
        c->exchange.ready = ready;
        c->exchange.careful = strcmp(c->request->method, "GET") != 0 && strcmp(c->request->method, "HEAD") != 0;
        exchange_start(c->lane->upstreams, &c->exchange);
        if (c->request->partial)
                http_go_on(c->request); /* a piece may wait for this connection */
}

size_t call_take(struct call *c, const char *data, size_t len)
{
        size_t taken, all;

        if (c->answered)
                return len;
        if (call_is_too_large(c, len)) {
                call_give_up(c, 413, call_too_large(c));
                return len;
        }
        if (c->timer.set) { /* the next try is to have it */
                c->exchange.ending = !len;
                return 0;
        }
        all = taken = exchange_write(&c->exchange, data, len);
        while (taken && all < len) /* or nobody would say when to go on */
                all += taken = exchange_write(&c->exchange, data + all, len - all);
        c->streamed += (int64_t)all;
        return all;
}

void call_give_up(struct call *c, int status, const char *why)
{
        loop_timer_clear(c->lane->loop, &c->timer);
        exchange_cancel(&c->exchange);
        call_note_breaker(c, BREAKER_UNKNOWN);
        if (c->answered) {
                if (!c->exchange.reason)
                        c->exchange.reason = why; /* what is still being read of it breaks off */
                http_go_on(c->request);
                return;
        }
        call_answer_here(c, status, why);
        settle(c);
}

void call_finish(struct call *c)
{
        back_fill(c);
        if (c->route)
                observer_note(c->plan->observer, c->route, c->request->answer.status, clock_mono_us() - c->start_us);
}

void call_end(struct call *c)
{
        if (c->running)
                LIST_REMOVE(c, beside);
        c->running = false;
        loop_timer_clear(c->lane->loop, &c->timer);
        if (c->tries)
                exchange_cancel(&c->exchange);
        call_note_breaker(c, BREAKER_UNKNOWN);
        call_leave_crowd(c);
        plan_release(&c->plan);
}
