#include "gateway/routing/route.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static bool is_path(const struct predicate *p)
{
        return strcmp(p->kind->name, "Path") == 0;
}

bool route_takes_path(const struct route *route, const char *path)
{
        const struct asked asked = {.path = path};

        for (size_t i = 0; i < route->predicate_count; i++)
                if (is_path(&route->predicates[i]) &&
                    !route->predicates[i].kind->holds(&route->predicates[i], &asked))
                        return false;
        return true;
}

const char *route_template(const struct route *route)
{
        for (size_t i = 0; i < route->predicate_count; i++)
                if (is_path(&route->predicates[i]))
                        return pattern_text(route->predicates[i].patterns[0]);
        return route->id;
}

void route_show_predicates(const struct route *route, struct text *out)
{
        for (size_t i = 0; i < route->predicate_count; i++) {
                text_string(out, i ? " && " : route->predicate_count > 1 ? "(" : "");
                route->predicates[i].kind->show(&route->predicates[i], out);
        }
        if (route->predicate_count > 1)
                text_char(out, ')');
}

/* An IPv6 client counts as its /64 network, which usually has one owner (RFC 6177) who may use any
   address of it. */
static const char *client_key(const struct asked *asked)
{
        struct in6_addr address;
        char text[INET6_ADDRSTRLEN];

        if (!strchr(asked->client, ':') || inet_pton(AF_INET6, asked->client, &address) != 1)
                return asked->client;
        memset(&address.s6_addr[8], 0, 8);
        return arena_printf(asked->arena, "%s/64",
                            inet_ntop(AF_INET6, &address, text, sizeof text));
}

const char *route_limiter_key(const struct route_limiter *limiter, const struct asked *asked)
{
        size_t len;

        if (limiter->key == KEY_CLIENT)
                return client_key(asked);
        if (limiter->key != KEY_HEADER)
                return "";
        len = strlen(limiter->header);
        for (size_t i = 0; i < asked->headers->count; i++)
                if (header_is(&asked->headers->at[i], limiter->header, len))
                        return asked->headers->at[i].value;
        return NULL;
}
