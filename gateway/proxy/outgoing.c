#include "gateway/proxy/outgoing.h"

#include "base/clock.h"
#include "base/hex.h"
#include "gateway/proxy/forward.h"
#include "gateway/proxy/proxy_request_inside.h"

#include <stdio.h>
#include <string.h>

/* What StripPrefix took off, for X-Forwarded-Prefix; NULL: the path was changed in another way. */
static const char *stripped_prefix(struct arena *arena, const char *asked, const char *sent)
{
        size_t asked_len = strlen(asked), sent_len = strlen(sent);

        if (strcmp(sent, "/") == 0)
                sent_len = asked[asked_len - 1] == '/';
        else if (sent_len > asked_len || strcmp(asked + asked_len - sent_len, sent) != 0)
                return NULL;
        return sent_len < asked_len ? arena_copy(arena, asked, asked_len - sent_len) : NULL;
}

/* Begins with the time, as a UUID of version 7 does (RFC 9562, 5.7): so keys made one after the
   other lie side by side in the upstream's index. Random ones would touch a page each. */
static const char *new_key(struct proxy_request *p)
{
        struct proxy_worker *worker = p->worker;
        int64_t now_ms = clock_wall_ms();
        unsigned char *k;
        char text[36] = "gw-";

        if (!worker->keys_left) {
                random_bytes(worker->keys, sizeof worker->keys);
                worker->keys_left = KEY_STOCK;
        }
        k = worker->keys[--worker->keys_left];
        for (int i = 0; i < 6; i++)
                k[i] = (unsigned char)(now_ms >> (40 - 8 * i));
        *hex_write(text + 3, k, 16) = '\0';
        return arena_string(p->request->arena, text);
}

/* With a key the service recognises a POST that it has done already, so that it may be sent
   again. */
static void give_key(struct proxy_request *p, struct headers *out)
{
        p->key = (struct proxy_key){.text = headers_if_there(out, "Idempotency-Key")};
        if (p->key.text || strcmp(p->request->method, "POST") != 0 ||
            p->route->idempotency == IDEMPOTENCY_NO)
                return;
        p->key.text = new_key(p);
        p->key.made = true;
        headers_add(out, "Idempotency-Key", p->key.text);
}

void outgoing_fill(struct proxy_request *p)
{
        struct http_request *r = p->request;
        struct headers *out = &p->chain.headers;
        struct origin origin = {
                .peer = r->peer,
                .hops = r->client_hops,
                .traceparent = r->traceparent,
                .prefix = stripped_prefix(r->arena, p->asked.path, p->chain.path),
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
                .careful = strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0,
                .connect_ms = p->target->limits.connect_ms,
                .response_ms = p->target->limits.response_ms,
                .arg = p,
        };
}
