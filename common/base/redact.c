#include "base/redact.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct shown {
        char *to;
        size_t len;
};

static void show(struct shown *s, const char *from, size_t len)
{
        if (len > REDACTED - 1 - s->len)
                len = REDACTED - 1 - s->len;
        memcpy(s->to + s->len, from, len);
        s->len += len;
        s->to[s->len] = '\0';
}

static bool is_harmless(const char *name, size_t len)
{
        static const char *const names[] = {"host",
                                            "hostaddr",
                                            "port",
                                            "dbname",
                                            "user",
                                            "sslmode",
                                            "sslrootcert",
                                            "target_session_attrs",
                                            "connect_timeout",
                                            "application_name",
                                            NULL};

        for (int i = 0; names[i]; i++)
                if (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0)
                        return true;
        return false;
}

/* NAME=VALUE and what follows, each after a '?' or an '&'. */
static void show_parameters(struct shown *s, const char *p)
{
        while (*p) {
                size_t len = 1 + strcspn(p + 1, "&"), name = strcspn(p + 1, "=&");

                if (is_harmless(p + 1, name)) {
                        show(s, p, len);
                } else {
                        show(s, p, 1 + (name + 1 < len ? name : 0));
                        show(s, "=***", 4);
                }
                p += len;
        }
}

static void show_place(struct shown *s, const char *place)
{
        size_t len = strcspn(place, "?&");

        show(s, place, len);
        show_parameters(s, place + len);
}

const char *redact(const char *url, char out[REDACTED])
{
        struct shown s = {.to = out};
        const char *scheme = strstr(url, "://"), *rest = scheme ? scheme + 3 : url,
                   *at = strrchr(rest, '@');
        size_t user = strcspn(rest, ":/?@=");

        out[0] = '\0';
        show(&s, url, (size_t)(rest - url));
        if (!scheme && strchr(rest, '=')) { /* NAME=VALUE NAME=VALUE, as libpq takes it too */
                show(&s, "***", 3);
                return out;
        }
        if (at && rest + user == at && strncasecmp(url, "http", 4) == 0) { /* it may be a token */
                show(&s, "***", 3);
                rest = at;
        } else if (at && rest + user < at) {
                show(&s, rest, user);
                show(&s, ":***", 4);
                if (memchr(rest, '?',
                           (size_t)(at - rest))) /* the '@' may stand in a parameter's value */
                        return out;
                rest = at;
        }
        show_place(&s, rest);
        return out;
}
