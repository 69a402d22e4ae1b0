#include "http/origin.h"

#include <string.h>
#include <strings.h>

static size_t without_port(const char *host, size_t len, const char *port)
{
        size_t port_len = strlen(port);

        return len > port_len && memcmp(host + len - port_len, port, port_len) == 0 ? len - port_len
                                                                                    : len;
}

const char *origin_asked(const struct http_request *r)
{
        const char *list = r->peer_trusted ? http_header_list(r, "X-Forwarded-Host") : "";
        const char *last = strrchr(list, ',');
        const char *host;

        last = last ? last + 1 : list;
        last += strspn(last, " \t");
        host = *last ? arena_copy(r->arena, last, strcspn(last, " \t")) : http_header(r, "Host");
        return *host ? host : http_own_address(r);
}

bool origin_is_own(const struct http_request *r)
{
        const char *origin = http_header(r, "Origin"), *asked = origin_asked(r);
        bool is_https = strncasecmp(origin, "https://", 8) == 0;
        const char *host = origin + (is_https ? 8 : 7), *port = is_https ? ":443" : ":80";
        size_t len;

        if (!http_has_header(r, "Origin"))
                return true;
        if (!is_https && strncasecmp(origin, "http://", 7) != 0)
                return false;
        len = without_port(host, strlen(host), port); /* a browser leaves it out */
        return len && len == without_port(asked, strlen(asked), port) &&
               strncasecmp(host, asked, len) == 0;
}
