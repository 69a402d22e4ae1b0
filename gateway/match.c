#include "gateway/match.h"

#include <ctype.h>
#include <string.h>

struct segment {
        const char *glob; /* NULL: any number of segments */
};

struct pattern {
        const char *text;
        size_t weight, count;
        bool absolute;
        struct segment *segments;
};

/* One decoded byte of a segment; -1 at its end ('/' or NUL). */
static int byte_at(const char *p, const char **next)
{
        static const char digits[] = "0123456789abcdef";
        const char *high, *low;

        if (!*p || *p == '/')
                return -1;
        *next = p + 1;
        if (*p != '%' || !p[1] || !p[2])
                return (unsigned char)*p;
        high = strchr(digits, tolower((unsigned char)p[1]));
        low = strchr(digits, tolower((unsigned char)p[2]));
        if (!high || !low)
                return (unsigned char)*p;
        *next = p + 3;
        return (int)((high - digits) << 4 | (low - digits));
}

/* Linear in practice: only the last star is gone back to. */
static bool segment_matches(const char *glob, const char *path)
{
        const char *star = NULL, *star_path = NULL, *next = path;
        int c;

        while ((c = byte_at(path, &next)) >= 0) {
                if (*glob == '*') {
                        star = ++glob;
                        star_path = path;
                } else if (*glob && (*glob == '?' || (unsigned char)*glob == c)) {
                        glob++;
                        path = next;
                } else if (star) {
                        glob = star;
                        byte_at(star_path, &next);
                        path = star_path = next;
                } else {
                        return false;
                }
        }
        while (*glob == '*')
                glob++;
        return !*glob;
}

bool glob_matches(const char *glob, const char *text, bool ignore_case)
{
        const char *star = NULL, *star_text = NULL;

        while (*text) {
                bool same = ignore_case ? tolower((unsigned char)*glob) == tolower((unsigned char)*text) : *glob == *text;

                if (*glob == '*') {
                        star = ++glob;
                        star_text = text;
                } else if (*glob && (*glob == '?' || same)) {
                        glob++;
                        text++;
                } else if (star) {
                        glob = star;
                        text = ++star_text;
                } else {
                        return false;
                }
        }
        while (*glob == '*')
                glob++;
        return !*glob;
}

static const char *segment_end(const char *path)
{
        return path + strcspn(path, "/");
}

/* `path` is behind a slash or at the end. As with one star: only the last `**` is gone back to. */
static bool segments_match(const struct segment *s, const struct segment *end, const char *path)
{
        const struct segment *any = NULL;
        const char *any_path = NULL;

        while (*path) {
                if (s < end && !s->glob) {
                        any = ++s;
                        any_path = path;
                } else if (s < end && segment_matches(s->glob, path)) {
                        s++;
                        path = segment_end(path);
                        path += *path == '/';
                } else if (any) {
                        s = any;
                        any_path = segment_end(any_path);
                        any_path += *any_path == '/';
                        path = any_path;
                } else {
                        return false;
                }
        }
        while (s < end && !s->glob)
                s++;
        return s == end;
}

bool pattern_matches(const struct pattern *p, const char *path)
{
        if (*path != '/')
                return false;
        return segments_match(p->segments, p->segments + p->count, path + 1);
}

/* "{id}" becomes a star, "{*rest}" any number of segments; false: what is in the braces is not for us. */
static bool segment_read(struct arena *arena, const char *from, size_t len, struct segment *to)
{
        char *glob = arena_alloc(arena, len + 1), *out = glob;

        if ((len == 2 && memcmp(from, "**", 2) == 0) || (len > 3 && memcmp(from, "{*", 2) == 0 && from[len - 1] == '}'))
                return true;
        for (size_t i = 0; i < len; i++) {
                const char *close = from[i] == '{' ? memchr(from + i, '}', len - i) : NULL;

                if (close && memchr(from + i, ':', (size_t)(close - from) - i))
                        return false;
                if ((from[i] == '{' && !close) || from[i] == '}')
                        return false;
                *out++ = close ? '*' : from[i];
                if (close)
                        i = (size_t)(close - from);
        }
        to->glob = glob;
        return true;
}

const struct pattern *pattern_read(struct arena *arena, const char *text, const char **reason)
{
        struct pattern *p = arena_alloc(arena, sizeof *p);

        p->text = arena_string(arena, text);
        p->segments = arena_alloc(arena, (strlen(text) + 1) * sizeof *p->segments);
        *reason = "a path pattern begins with a slash";
        if (*text != '/')
                return NULL;
        *reason = "of {...} only {name} and {*name} are supported, no regular expressions";
        for (const char *s = text + 1; *s; s = segment_end(s), s += *s == '/') {
                if (!segment_read(arena, s, (size_t)(segment_end(s) - s), &p->segments[p->count]))
                        return NULL;
                for (const char *g = p->segments[p->count].glob; g && *g; g++)
                        p->weight += *g != '*' && *g != '?';
                p->count++;
        }
        return p;
}

const char *pattern_text(const struct pattern *p)
{
        return p->text;
}

size_t pattern_weight(const struct pattern *p)
{
        return p->weight;
}

bool path_begins_with(const char *path, const char *name)
{
        int c = -1;

        while (*path == '/')
                path++;
        while (*name && (c = byte_at(path, &path)) == (unsigned char)*name)
                name++;
        if (*name)
                return false;
        c = byte_at(path, &path);
        return c < 0 || c == ';' || c == '/';
}

bool path_has_dots(const char *path)
{
        for (const char *p = path; *p; p++) {
                const char *s = p + 1;
                int dots = 0, c;

                if (*p != '/')
                        continue;
                while ((c = byte_at(s, &s)) == '.')
                        dots++;
                if (c < 0 && (dots == 1 || dots == 2))
                        return true;
        }
        return false;
}
