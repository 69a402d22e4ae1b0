#include "http/links.h"

#include <string.h>

static const char host_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
static const char path_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~/";

/* The first element of a forwarded list, if it is made of these characters only; else NULL. */
static const char *forwarded(const struct http_request *request, const char *name, const char *allowed)
{
        const char *value = http_header(request, name);
        size_t len;

        if (!value)
                return NULL;
        value += strspn(value, " \t");
        len = strcspn(value, ", \t");
        return len && strspn(value, allowed) >= len ? arena_copy(request->arena, value, len) : NULL;
}

static bool is_default_port(const char *scheme, const char *port)
{
        return strcmp(port, strcmp(scheme, "https") == 0 ? "443" : "80") == 0;
}

/* The host without its port, which an IPv6 address's brackets may hide. */
static size_t host_length(const char *host)
{
        const char *bracket = strchr(host, ']');
        const char *colon = strchr(bracket ? bracket : host, ':');

        return colon ? (size_t)(colon - host) : strlen(host);
}

static const char *forwarded_base(const struct http_request *request)
{
        const char *host = forwarded(request, "X-Forwarded-Host", host_chars);
        const char *proto = forwarded(request, "X-Forwarded-Proto", "htps");
        const char *port = forwarded(request, "X-Forwarded-Port", "0123456789");
        const char *prefix = forwarded(request, "X-Forwarded-Prefix", path_chars);
        const char *scheme = proto && strcmp(proto, "https") == 0 ? "https" : "http";
        size_t prefix_len = prefix && *prefix == '/' ? strlen(prefix) : 0;

        if (!host && !proto && !port && !prefix_len)
                return NULL;
        if (!host)
                host = http_header(request, "Host");
        while (prefix_len && prefix[prefix_len - 1] == '/')
                prefix_len--;
        if (port)
                host = arena_printf(request->arena, "%.*s%s%s", (int)host_length(host), host,
                                    is_default_port(scheme, port) ? "" : ":", is_default_port(scheme, port) ? "" : port);
        return arena_printf(request->arena, "%s://%s%.*s", scheme, host, (int)prefix_len, prefix_len ? prefix : "");
}

const char *links_base(const struct http_request *request)
{
        const char *base = request->peer_trusted ? forwarded_base(request) : NULL;
        const char *host;
        struct text plain;

        if (base)
                return base;
        host = http_header(request, "Host");
        plain = text_open(request->arena, 64);
        text_add(&plain, "http://", 7);
        text_string(&plain, host ? host : "localhost");
        return plain.at;
}
