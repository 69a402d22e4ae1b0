/* forward - what a proxy changes in the fields of a request (those of an answer are the reader's, reply.h). Pure functions over lists of headers.

   Towards the upstream: hop-by-hop fields and those that Connection names are removed, but never the ones that we or the
   services rely on (Idempotency-Key, X-Forwarded-*, traceparent, ...); X-Forwarded-For, -Host, -Port, -Proto, -Prefix and
   Forwarded say where the request came from: appended to what a trusted peer sent, replacing what any other sent.
   Sources: RFC 9110 section 7.6, RFC 7239. */
#ifndef GATEWAY_FORWARD_H
#define GATEWAY_FORWARD_H

#include "base/arena.h"
#include "gateway/upstream.h"

#include <stdbool.h>

struct headers {
        struct arena *arena;
        struct upstream_header *at;
        size_t count, room;
};

void headers_add(struct headers *headers, const char *name, const char *value);
/* All values of that name in order, joined by ", "; NULL: none. Names ignore case. */
const char *headers_value(const struct headers *headers, const char *name);

struct origin {
        const char *peer; /* the client's address */
        bool trusted;     /* it may say for whom it asks */
        const char *traceparent;
        const char *prefix; /* what StripPrefix took off; NULL: nothing */
};

/* `in` as received; `out` is empty at first. */
void forward_request(const struct headers *in, const struct origin *origin, struct headers *out);
/* The client's address: the peer's, or what a trusted peer says that it asks for. */
const char *forward_client(const struct headers *in, const char *peer, bool trusted);
/* How the client sees us: "http" or "https", and Host, or what a trusted peer says of them. */
const char *forward_scheme(const struct headers *in, bool trusted);
const char *forward_host(const struct headers *in, bool trusted);

#endif
