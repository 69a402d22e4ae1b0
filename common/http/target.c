#include "http/target.h"

#include "http/grammar.h"

static bool ends_segment(int c)
{
        return c == '/' || c == '\\' || c == ';' || c == '?' || c == '\0';
}

/* Bytes that end nothing and begin nothing. */
static const bool plain_chars[256] = {
        ['!'] = true,         ['"'] = true,         ['$'] = true,         ['&' ... '.'] = true,
        ['0' ... ':'] = true, ['<' ... '>'] = true, ['@' ... '['] = true, [']' ... '~'] = true,
};

/* One look at each byte. `dots` counts while a segment has been nothing but dots, and is -1
   else. */
static const char *scan(const char *raw, const char **query)
{
        int dots = -1;

        for (const char *p = raw;; p++) {
                int c;

                while (dots < 0 && plain_chars[(unsigned char)*p])
                        p++;
                c = (unsigned char)*p;
                if ((c <= ' ' && c) || c >= 0x7f || c == '#')
                        return "the target has blanks, control characters, a fragment or bytes "
                               "beyond ASCII";
                if (c == '%') {
                        c = escape_byte(p);
                        if (c <= 0)
                                return "the target has a bad escape";
                        p += 2;
                        if (c == '?') /* an escaped '?' is part of its segment */
                                c = 'x';
                }
                if (*query) {
                        if (!c)
                                return NULL;
                        continue;
                }
                if (ends_segment(c) && (dots == 1 || dots == 2))
                        return "the path has dot segments";
                if (c == '/' || c == '\\')
                        dots = 0;
                else
                        dots = c == '.' && dots >= 0 ? dots + 1 : -1;
                if (!c)
                        return NULL;
                if (c == '?')
                        *query = p + 1;
        }
}

/* http://host/path: the path of it, or NULL when it names another host */
static const char *absolute_path(const char *raw, const char *host)
{
        const char *authority = strstr(raw, "://") + 3;
        size_t len = strcspn(authority, "/?");

        if (!host || strlen(host) != len || strncasecmp(authority, host, len) != 0)
                return NULL;
        return authority[len] == '/' ? authority + len : NULL;
}

const char *target_read(struct request_target *t, struct arena *arena, const char *raw,
                        const char *method, const char *host)
{
        const char *path = raw, *why;

        t->raw = raw;
        t->path = raw;
        t->query = NULL;
        if (*raw == '*' && !raw[1])
                return strcmp(method, "OPTIONS") == 0 ? NULL : "the target * is for OPTIONS";
        if (*raw != '/' &&
            (strncasecmp(raw, "http://", 7) == 0 || strncasecmp(raw, "https://", 8) == 0))
                path = absolute_path(raw, host);
        if (!path || *path != '/')
                return "the target is no path";
        t->raw = path;
        why = scan(path, &t->query);
        if (!why)
                t->path = t->query ? arena_copy(arena, path, (size_t)(t->query - 1 - path)) : path;
        return why;
}
