#include "gateway/proxy/forward.h"

#include "base/text.h"
#include "http/client.h"
#include "http/grammar.h"
#include "http/header_kinds.h"

enum { MOST_OPTIONS = 100 };

#define NAME(text) text, sizeof text - 1

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

static bool is_connection(const struct http_header *h)
{
        return (h->kinds & HEADER_HOP) && header_is(h, "Connection", sizeof "Connection" - 1);
}

/* False: they are too many. */
static bool options_read(const struct headers *h, struct options *o)
{
        o->count = 0;
        for (size_t i = 0; i < h->count; i++) {
                const char *list = is_connection(&h->at[i]) ? h->at[i].value : "";

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

static bool options_name(const struct options *o, const struct http_header *h)
{
        for (size_t i = 0; i < o->count; i++)
                if (header_is(h, o->at[i].name, o->at[i].len))
                        return true;
        return false;
}

/* Who asks, for what, and what a retry is recognised by. */
static bool is_kept(const struct http_header *h)
{
        return (h->kinds & HEADER_KEPT) || starts_with(h->name, "X-Forwarded-") ||
               starts_with(h->name, "X-B3-");
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
        static const char all[] = "for=\"[]\";host=\"\";proto=http";
        char *element = arena_room(arena, sizeof all + strlen(peer) + strlen(host)), *to = element;
        bool v6 = strchr(peer, ':') != NULL;

        to = stpcpy(stpcpy(to, v6 ? "for=\"[" : "for="), peer);
        if (v6)
                to = stpcpy(to, "]\"");
        if (*host && !strpbrk(host, "\"\\"))
                to = stpcpy(stpcpy(stpcpy(to, ";host=\""), host), "\"");
        strcpy(to, ";proto=http");
        return element;
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
                if (!(h->at[i].kinds & HEADER_WRITTEN))
                        h->at[kept_count++] = h->at[i];
        h->count = kept_count;
}

void forward_request(struct headers *h, const struct origin *o)
{
        const char *host = headers_value(h, "Host");
        const struct {
                const char *name;
                size_t len;
                const char *value; /* NULL: it is not written */
        } ours[] = {
                {NAME("X-Forwarded-For"), continued(h, "X-Forwarded-For", true, 0, o->peer)},
                {NAME("X-Forwarded-Host"), continued(h, "X-Forwarded-Host", false, o->hops, host)},
                {NAME("X-Forwarded-Port"),
                 continued(h, "X-Forwarded-Port", false, o->hops, own_port(h, o->hops))},
                {NAME("X-Forwarded-Proto"),
                 continued(h, "X-Forwarded-Proto", false, o->hops, "http")},
                {NAME("Forwarded"),
                 continued(h, "Forwarded", true, 0, forwarded_element(h->arena, o->peer, host))},
                {NAME("X-Forwarded-Prefix"), prefix_of(h, o->prefix)},
                {NAME("traceparent"), o->traceparent},
        };

        remove_ours(h);
        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
                if (ours[i].value)
                        headers_put(h, &(struct http_header){ours[i].name, ours[i].value,
                                                             (uint32_t)ours[i].len,
                                                             (uint32_t)strlen(ours[i].value),
                                                             HEADER_WRITTEN | HEADER_KEPT});
}

static bool is_origin(const struct http_header *h)
{
        return starts_with(h->name, "X-Forwarded-") ||
               header_is(h, "Forwarded", sizeof "Forwarded" - 1);
}

bool forward_receive(struct headers *h, bool trusted)
{
        size_t kept_count = 0;
        struct options options;

        if (!options_read(h, &options))
                return false;
        for (size_t i = 0; i < h->count; i++) {
                const struct http_header *field = &h->at[i];

                if ((field->kinds & (HEADER_HOP | HEADER_DELIMITS | HEADER_TO_PROXY)) ||
                    (!trusted && is_origin(field)) ||
                    (options_name(&options, field) && !is_kept(field)))
                        continue;
                h->at[kept_count++] = h->at[i];
        }
        h->count = kept_count;
        return true;
}
