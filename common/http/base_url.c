#include "http/base_url.h"

#include "http/grammar.h"

#include <stdlib.h>
#include <string.h>

enum { PREFIX_MOST = 300, PORT_MOST = 65535 };

static const char path_chars[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~/";

/* The first element of a forwarded list; "" if there is none, or if it cannot stand in a link. */
static const char *forwarded(const struct http_request *request, const char *name,
                             bool (*is_right)(const char *text, size_t len))
{
        const char *value = http_header(request, name);
        size_t len;

        value += strspn(value, " \t");
        len = strcspn(value, ", \t");
        return is_right(value, len) ? arena_copy(request->arena, value, len) : "";
}

static bool is_scheme(const char *text, size_t len)
{
        return (len == 4 && memcmp(text, "http", 4) == 0) ||
               (len == 5 && memcmp(text, "https", 5) == 0);
}

static bool is_port(const char *text, size_t len)
{
        long number = len ? strtol(text, NULL, 10) : 0;

        return len <= 5 && strspn(text, "0123456789") >= len && number >= 1 && number <= PORT_MOST;
}

static bool is_prefix(const char *text, size_t len)
{
        return len && len <= PREFIX_MOST && *text == '/' && strspn(text, path_chars) >= len;
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

/* The host by which the client knows us: from its proxy, from its Host, or (HTTP/1.0 without Host)
   our own address. */
static const char *host_of(const struct http_request *request, const char *said)
{
        const char *host = *said ? said : http_header(request, "Host");

        return *host ? host : http_own_address(request);
}

static const char *base_made(const struct http_request *request)
{
        bool trusted = request->peer_trusted;
        const char *scheme = trusted ? forwarded(request, "X-Forwarded-Proto", is_scheme) : "";
        const char *host = host_of(
                request, trusted ? forwarded(request, "X-Forwarded-Host", is_host_port) : "");
        const char *port = trusted ? forwarded(request, "X-Forwarded-Port", is_port) : "";
        const char *prefix = trusted ? forwarded(request, "X-Forwarded-Prefix", is_prefix) : "";
        size_t prefix_len = strlen(prefix);
        struct text base = text_open(request->arena, 64);

        if (!*scheme)
                scheme = "http";
        while (prefix_len && prefix[prefix_len - 1] == '/')
                prefix_len--;
        text_string(&base, scheme);
        text_add(&base, "://", 3);
        text_add(&base, host, *port ? host_length(host) : strlen(host));
        if (*port && !is_default_port(scheme, port)) {
                text_char(&base, ':');
                text_string(&base, port);
        }
        text_add(&base, prefix, prefix_len);
        return base.at;
}

const char *base_url(struct http_request *request)
{
        if (!request->base)
                request->base = base_made(request);
        return request->base;
}
