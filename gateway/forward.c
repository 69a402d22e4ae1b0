#include "gateway/forward.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const hop_by_hop[] = {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE",
        "Trailer",    "Transfer-Encoding", "Upgrade", "Content-Length", NULL,
};

/* Host is the upstream's; the body is here already, so that there is nothing to expect. */
static const char *const ours[] = {"Host", "Expect", "Forwarded", "traceparent", NULL};

/* What `Connection: x` cannot remove: who asks, for what, and what a retry is recognised by. */
static const char *const kept[] = {
        "Accept",    "Authorization", "Content-Encoding", "Content-Type", "Cookie", "Host",       "Idempotency-Key",
        "If-Match",  "If-None-Match", "Forwarded",        "Origin",       "b3",     "traceparent", "tracestate",
        "X-Request-Id", NULL,
};

void headers_add(struct headers *h, const char *name, const char *value)
{
        if (h->count == h->room) {
                struct upstream_header *larger;

                h->room = h->room ? h->room * 2 : 32;
                larger = arena_room(h->arena, h->room * sizeof *larger);
                if (h->count)
                        memcpy(larger, h->at, h->count * sizeof *larger);
                h->at = larger;
        }
        h->at[h->count++] = (struct upstream_header){.name = name, .value = value};
}

/* Most names differ in their first letter. */
static bool is_name(const char *a, const char *b)
{
        return (*a | 0x20) == (*b | 0x20) && strcasecmp(a, b) == 0;
}

const char *headers_value(const struct headers *h, const char *name)
{
        const char *value = NULL;

        for (size_t i = 0; i < h->count; i++)
                if (is_name(h->at[i].name, name))
                        value = value ? arena_printf(h->arena, "%s, %s", value, h->at[i].value) : h->at[i].value;
        return value;
}

static bool is_among(const char *const *names, const char *name)
{
        for (; *names; names++)
                if (is_name(*names, name))
                        return true;
        return false;
}

static bool starts_with(const char *name, const char *prefix)
{
        return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

static bool list_names(const char *list, const char *name)
{
        size_t len = strlen(name);

        while (list && *list) {
                list += strspn(list, " \t,");
                if (strncasecmp(list, name, len) == 0 && strchr(" \t,", list[len]))
                        return true;
                list += strcspn(list, ",");
        }
        return false;
}

static bool is_kept(const char *name)
{
        return is_among(kept, name) || starts_with(name, "X-Forwarded-") || starts_with(name, "X-B3-");
}

static const char *first_of_list(struct arena *arena, const char *list)
{
        size_t len = strcspn(list, ",");

        while (len && isspace((unsigned char)list[len - 1]))
                len--;
        return arena_copy(arena, list, len);
}

const char *forward_client(const struct headers *in, const char *peer, bool trusted)
{
        const char *said = trusted ? headers_value(in, "X-Forwarded-For") : NULL;

        return said && *said ? first_of_list(in->arena, said) : peer;
}

const char *forward_scheme(const struct headers *in, bool trusted)
{
        const char *said = trusted ? headers_value(in, "X-Forwarded-Proto") : NULL;

        return said && starts_with(said, "https") ? "https" : "http";
}

const char *forward_host(const struct headers *in, bool trusted)
{
        const char *said = trusted ? headers_value(in, "X-Forwarded-Host") : NULL;
        const char *host = headers_value(in, "Host");

        return said ? first_of_list(in->arena, said) : host ? host : "";
}

static const char *port_of(const char *host, const char *scheme)
{
        const char *bracket = strrchr(host, ']'), *colon = strrchr(bracket ? bracket : host, ':');

        if (colon && colon[1])
                return colon + 1;
        return strcmp(scheme, "https") == 0 ? "443" : "80";
}

/* Our own Host and scheme behind a list that a trusted peer began; where it began none, the port is that of the
   host and scheme it named: links are made from the first of each. */
static const char *own_port(const struct headers *in, const struct origin *o)
{
        if (o->trusted && headers_value(in, "X-Forwarded-Port"))
                return port_of(forward_host(in, false), "http");
        return port_of(forward_host(in, o->trusted), forward_scheme(in, o->trusted));
}

static void add_forwarded(const struct headers *in, const struct origin *o, const char *name, const char *own,
                          struct headers *out)
{
        const char *before = o->trusted ? headers_value(in, name) : NULL;

        headers_add(out, name, before && *before ? arena_printf(out->arena, "%s, %s", before, own) : own);
}

static const char *forwarded_element(struct arena *arena, const char *peer, const char *host)
{
        struct text t = text_open(arena, 100);
        bool v6 = strchr(peer, ':') != NULL;

        text_string(&t, v6 ? "for=\"[" : "for=");
        text_string(&t, peer);
        text_string(&t, v6 ? "]\"" : "");
        if (*host && !strpbrk(host, "\"\\")) {
                text_string(&t, ";host=\"");
                text_string(&t, host);
                text_char(&t, '"');
        }
        text_string(&t, ";proto=http");
        return t.at;
}

/* Not a list but one path: whoever makes links puts all of it in front. */
static void add_prefix(const struct headers *in, const struct origin *o, struct headers *out)
{
        const char *before = o->trusted ? headers_value(in, "X-Forwarded-Prefix") : NULL;
        size_t len = before ? strlen(before) : 0;

        while (len && before[len - 1] == '/')
                len--;
        if (len || o->prefix)
                headers_add(out, "X-Forwarded-Prefix", arena_printf(out->arena, "%.*s%s", (int)len, before ? before : "",
                                                                    o->prefix ? o->prefix : ""));
}

static void add_origin(const struct headers *in, const struct origin *o, struct headers *out)
{
        const char *host = forward_host(in, false);

        add_forwarded(in, o, "X-Forwarded-For", o->peer, out);
        add_forwarded(in, o, "X-Forwarded-Host", host, out);
        add_forwarded(in, o, "X-Forwarded-Port", own_port(in, o), out);
        add_forwarded(in, o, "X-Forwarded-Proto", "http", out);
        add_forwarded(in, o, "Forwarded", forwarded_element(out->arena, o->peer, host), out);
        add_prefix(in, o, out);
        if (o->traceparent)
                headers_add(out, "traceparent", o->traceparent);
}

/* Those of X-Forwarded-* that add_origin writes; any other is passed on, but only from a trusted peer. */
static bool is_origin_field(const char *name, bool trusted)
{
        static const char *const fields[] = {"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port",
                                             "X-Forwarded-Proto", "X-Forwarded-Prefix", NULL};

        return is_among(fields, name) || (!trusted && starts_with(name, "X-Forwarded-"));
}

void forward_request(const struct headers *in, const struct origin *origin, struct headers *out)
{
        const char *connection = headers_value(in, "Connection");

        for (size_t i = 0; i < in->count; i++) {
                const char *name = in->at[i].name;

                if (is_among(hop_by_hop, name) || is_among(ours, name) || is_origin_field(name, origin->trusted))
                        continue;
                if (!list_names(connection, name) || is_kept(name))
                        headers_add(out, name, in->at[i].value);
        }
        add_origin(in, origin, out);
}
