#include "http/origin.h"

#include "http/base_url.h"

#include <string.h>
#include <strings.h>

/* The length of "http://host:port" without a path, and without the port that its scheme has by
   itself: a browser leaves that out. 0: it is none. */
static size_t origin_length(const char *url)
{
        const char *host = strstr(url, "://");
        bool is_https = strncasecmp(url, "https://", 8) == 0;
        const char *port = is_https ? ":443" : ":80";
        size_t len;

        if (!host || (!is_https && strncasecmp(url, "http://", 7) != 0))
                return 0;
        len = (size_t)(host + 3 - url) + strcspn(host + 3, "/");
        if (len > strlen(port) && strncmp(url + len - strlen(port), port, strlen(port)) == 0)
                len -= strlen(port);
        return len;
}

bool origin_is_own(const struct http_request *r)
{
        const char *origin = http_header(r, "Origin"), *own = base_url(r);
        size_t len = origin_length(own);

        if (!http_has_header(r, "Origin"))
                return true;
        return len && origin_length(origin) == len && !strchr(origin + len, '/') &&
               strncasecmp(origin, own, len) == 0;
}
