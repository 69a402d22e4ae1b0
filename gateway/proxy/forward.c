#include "gateway/proxy/forward.h"

#include "base/text.h"
#include "http/client.h"
#include "http/grammar.h"
#include "http/header_kinds.h"

enum { MOST_OPTIONS = 100 };

static bool is_any(const char *name, unsigned kinds)
{
        return header_kinds(name, strlen(name)) & kinds;
}

static bool starts_with(const char *name, const char *prefix)
{
        return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

/* The names in all Connection fields. They are read once, for each field is compared with them. */
struct options {
        struct {
                const char *name;
                size_t len;
        } at[MOST_OPTIONS];
        size_t count;
};

/* False: they are too many. */
static bool options_read(const struct headers *h, struct options *o)
{
        o->count = 0;
        for (size_t i = 0; i < h->count; i++) {
                const char *list = is_same_name(h->at[i].name, "Connection") ? h->at[i].value : "";

                while (*(list += strspn(list, " \t,"))) {
                        if (o->count == MOST_OPTIONS)
                                return false;
                        o->at[o->count].name = list;
                        o->at[o->count++].len = strcspn(list, " \t,");
                        list += strcspn(list, ",");
                }
        }
        return true;
}

static bool options_name(const struct options *o, const char *name)
{
        for (size_t i = 0; i < o->count; i++)
                if (is_named(o->at[i].name, o->at[i].len, name))
                        return true;
        return false;
}

/* Who asks, for what, and what a retry is recognised by. */
static bool is_kept(const char *name)
{
        return is_any(name, HEADER_KEPT) || starts_with(name, "X-Forwarded-") ||
               starts_with(name, "X-B3-");
}

const char *forward_scheme(const struct headers *in, int hops)
{
        return starts_with(client_element(headers_value(in, "X-Forwarded-Proto"), hops), "https")
                       ? "https"
                       : "http";
}

const char *forward_host(const struct headers *in, int hops)
{
        const char *host = client_element(headers_value(in, "X-Forwarded-Host"), hops);

        if (*host && *host != ',')
                return arena_copy(in->arena, host, strcspn(host, ", \t"));
        return headers_value(in, "Host");
}

static const char *port_of(const char *host, const char *scheme)
{
        const char *bracket = strrchr(host, ']'), *colon = strrchr(bracket ? bracket : host, ':');

        if (colon && colon[1])
                return colon + 1;
        return strcmp(scheme, "https") == 0 ? "443" : "80";
}

/* Services make links from the first element of each list. So where a trusted peer began no list of
   ports, ours begins with the port of the host and scheme that it named; else it goes on with the
   port that was asked here. */
static const char *own_port(const struct headers *in, int hops)
{
        if (*headers_value(in, "X-Forwarded-Port"))
                return port_of(headers_value(in, "Host"), "http");
        return port_of(forward_host(in, hops), forward_scheme(in, hops));
}

/* Our own element, added to the list. A service takes the first element for the client's: so what
   precedes the one that counts is left out, unless all is wanted. */
static const char *continued(const struct headers *in, const char *name, bool all, int hops,
                             const char *own)
{
        const char *before = headers_value(in, name);

        if (!all)
                before = client_element(before, hops);
        return *before ? arena_printf(in->arena, "%s, %s", before, own) : own;
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

/* Not a list but one path, which services put before the path of each link. */
static const char *prefix_of(const struct headers *in, const char *own)
{
        const char *before = headers_value(in, "X-Forwarded-Prefix");
        size_t len = strlen(before);

        while (len && before[len - 1] == '/')
                len--;
        if (!len)
                return own;
        return arena_printf(in->arena, "%.*s%s", (int)len, before, own ? own : "");
}

static void remove_ours(struct headers *h)
{
        size_t kept_count = 0;

        for (size_t i = 0; i < h->count; i++)
                if (!is_any(h->at[i].name, HEADER_WRITTEN))
                        h->at[kept_count++] = h->at[i];
        h->count = kept_count;
}

void forward_request(struct headers *h, const struct origin *o)
{
        const char *host = headers_value(h, "Host");
        const struct http_header added[] = {
                {"X-Forwarded-For", continued(h, "X-Forwarded-For", true, 0, o->peer)},
                {"X-Forwarded-Host", continued(h, "X-Forwarded-Host", false, o->hops, host)},
                {"X-Forwarded-Port",
                 continued(h, "X-Forwarded-Port", false, o->hops, own_port(h, o->hops))},
                {"X-Forwarded-Proto", continued(h, "X-Forwarded-Proto", false, o->hops, "http")},
                {"Forwarded",
                 continued(h, "Forwarded", true, 0, forwarded_element(h->arena, o->peer, host))},
                {"X-Forwarded-Prefix", prefix_of(h, o->prefix)},
                {"traceparent", o->traceparent},
        };

        remove_ours(h);
        for (size_t i = 0; i < sizeof added / sizeof *added; i++)
                if (added[i].value)
                        headers_add(h, added[i].name, added[i].value);
}

static bool is_origin(const char *name)
{
        return starts_with(name, "X-Forwarded-") || is_same_name(name, "Forwarded");
}

bool forward_receive(struct headers *h, bool trusted)
{
        size_t kept_count = 0;
        struct options options;

        if (!options_read(h, &options))
                return false;
        for (size_t i = 0; i < h->count; i++) {
                const char *name = h->at[i].name;

                if (is_any(name, HEADER_HOP | HEADER_DELIMITS | HEADER_TO_PROXY) ||
                    (!trusted && is_origin(name)) ||
                    (options_name(&options, name) && !is_kept(name)))
                        continue;
                h->at[kept_count++] = h->at[i];
        }
        h->count = kept_count;
        return true;
}
