#include "gateway/routing/pattern.h"

#include "gateway/routing/glob.h"

#include <ctype.h>
#include <string.h>

struct pattern_segment {
        const char *glob;   /* NULL: any number of segments */
        size_t plain;       /* the glob's length, if a path has its bytes just so; 0: look closer */
        const char **names; /* the name of each star in the glob, or NULL; if glob is NULL: the name
                               of {*name}, or NULL */
};

struct pattern {
        const char *text;
        char separator; /* '/', or '.' for hosts */
        size_t weight, count;
        struct pattern_segment *segments;
};

static const char *segment_end(const struct pattern *p, const char *at)
{
        while (*at && *at != p->separator)
                at++;
        return at;
}

static const char *after(const struct pattern *p, const char *at)
{
        at = segment_end(p, at);
        return at + (*at == p->separator);
}

/* The next byte, decoded; -1 at the segment's end. */
static int byte_at(const struct pattern *p, const char *at, const char **next)
{
        if (p->separator == '/')
                return path_byte(at, next);
        if (!*at || *at == '.')
                return -1;
        *next = at + 1;
        return tolower((unsigned char)*at);
}

/* Goes back to the last star only, hence linear in practice. */
static bool glob_matches_at(const struct pattern *p, const char *glob, const char *at)
{
        const char *star = NULL, *star_at = NULL, *next = at;
        int c;

        while ((c = byte_at(p, at, &next)) >= 0) {
                if (*glob == '*') {
                        star = ++glob;
                        star_at = at;
                } else if (*glob && (*glob == '?' || (unsigned char)*glob == c)) {
                        glob++;
                        at = next;
                } else if (star) {
                        glob = star;
                        byte_at(p, star_at, &next);
                        at = star_at = next;
                } else {
                        return false;
                }
        }
        while (*glob == '*')
                glob++;
        return !*glob;
}

/* Nearly all segments that match are spelt as in the pattern. */
static bool segment_matches(const struct pattern *p, const struct pattern_segment *s,
                            const char *at)
{
        if (s->plain && strncmp(at, s->glob, s->plain) == 0 &&
            (!at[s->plain] || at[s->plain] == p->separator))
                return true;
        return glob_matches_at(p, s->glob, at);
}

/* `at` is after a separator or at the end. Goes back to the last `**` only. `begins`, if not NULL,
   receives where each segment of the pattern begins in the subject. */
static bool segments_match(const struct pattern *p, const char *at, const char **begins)
{
        const struct pattern_segment *s = p->segments, *end = s + p->count, *any = NULL;
        const char *any_at = NULL;

        while (*at) {
                if (begins && s < end)
                        begins[s - p->segments] = at;
                if (s < end && !s->glob) {
                        any = ++s;
                        any_at = at;
                } else if (s < end && segment_matches(p, s, at)) {
                        s++;
                        at = after(p, at);
                } else if (any) {
                        s = any;
                        at = any_at = after(p, any_at);
                } else {
                        return false;
                }
        }
        for (; s < end && !s->glob; s++)
                if (begins)
                        begins[s - p->segments] = at;
        return s == end;
}

/* Where the first segment begins; NULL: the subject is not a path. */
static const char *first_segment(const struct pattern *p, const char *subject)
{
        if (p->separator == '.')
                return subject;
        return *subject == '/' ? subject + 1 : NULL;
}

bool pattern_matches(const struct pattern *p, const char *subject)
{
        const char *at = first_segment(p, subject);

        return at && segments_match(p, at, NULL);
}

static char *glob_char(const struct pattern *p, char *out, char c)
{
        *out = p->separator == '.' ? (char)tolower((unsigned char)c) : c;
        return out + 1;
}

/* "{id}" becomes a star with a name. False: the braces hold something that is not supported. */
static bool segment_read(const struct pattern *p, struct arena *arena, const char *from, size_t len,
                         struct pattern_segment *to)
{
        char *glob = arena_alloc(arena, len + 1), *out = glob;
        size_t stars = 0;

        to->names = arena_alloc(arena, (len + 1) * sizeof *to->names);
        if (len == 2 && memcmp(from, "**", 2) == 0)
                return true;
        if (p->separator == '/' && len > 3 && memcmp(from, "{*", 2) == 0 && from[len - 1] == '}') {
                to->names[0] = arena_copy(arena, from + 2, len - 3);
                return from[len] == '\0';
        }
        for (size_t i = 0; i < len; i++) {
                const char *close = from[i] == '{' ? memchr(from + i, '}', len - i) : NULL;
                size_t name_len = close ? (size_t)(close - from) - i - 1 : 0;

                if (close ? !name_len || strcspn(from + i + 1, ":*{}") < name_len
                          : strchr("{}", from[i]) != NULL)
                        return false;
                if (close)
                        to->names[stars] = arena_copy(arena, from + i + 1, name_len);
                stars += close || from[i] == '*';
                out = glob_char(p, out, close ? '*' : from[i]);
                i += close ? name_len + 1 : 0;
        }
        to->glob = glob;
        to->plain = strpbrk(glob, "*?%") ? 0 : strlen(glob); /* a % would be an escape there */
        return true;
}

static const struct pattern *read_segments(struct pattern *p, struct arena *arena, const char *from,
                                           const char **reason)
{
        p->segments = arena_alloc(arena, (strlen(from) + 1) * sizeof *p->segments);
        *reason = "in {...} only {name} and, at the end, {*name} are supported, no regular "
                  "expressions";
        for (const char *s = from; *s; s = after(p, s)) {
                if (!segment_read(p, arena, s, (size_t)(segment_end(p, s) - s),
                                  &p->segments[p->count]))
                        return NULL;
                for (const char *g = p->segments[p->count].glob; g && *g; g++)
                        p->weight += *g != '*' && *g != '?';
                p->count++;
        }
        return p;
}

const struct pattern *pattern_read(struct arena *arena, const char *text, const char **reason)
{
        struct pattern *p = arena_alloc(arena, sizeof *p);

        p->text = arena_string(arena, text);
        p->separator = '/';
        *reason = "a path pattern begins with a slash";
        return *text == '/' ? read_segments(p, arena, p->text + 1, reason) : NULL;
}

const struct pattern *pattern_read_host(struct arena *arena, const char *text, const char **reason)
{
        struct pattern *p = arena_alloc(arena, sizeof *p);

        p->text = arena_string(arena, text);
        p->separator = '.';
        *reason = "a host pattern has neither slash, port nor blank";
        return *text && !strpbrk(text, "/: \t") ? read_segments(p, arena, p->text, reason) : NULL;
}

const char *pattern_text(const struct pattern *p)
{
        return p->text;
}

size_t pattern_weight(const struct pattern *p)
{
        return p->weight;
}

/* The segment with the variable of that name, and the index of its star. */
static const struct pattern_segment *find_variable(const struct pattern *p, const char *name,
                                                   size_t *star)
{
        for (size_t i = 0; i < p->count; i++) {
                const struct pattern_segment *s = &p->segments[i];
                size_t stars = s->glob ? 0 : 1;

                for (const char *g = s->glob; g && *g; g++)
                        stars += *g == '*';
                for (*star = 0; *star < stars; ++*star)
                        if (s->names[*star] && strcmp(s->names[*star], name) == 0)
                                return s;
        }
        return NULL;
}

bool pattern_has_variable(const struct pattern *p, const char *name)
{
        size_t star;

        return find_variable(p, name, &star) != NULL;
}

static bool literal_ends_at(const char *literal, size_t len, const char *end)
{
        for (size_t i = 0; i < len; i++)
                if (literal[i] != '?' && literal[i] != end[(ptrdiff_t)i - (ptrdiff_t)len])
                        return false;
        return true;
}

/* The part of the text that the star matches; the text matches the glob. Places the literals from
   the right, each as far right as possible: then the first star is the longest, as in a regular
   expression. */
static const char *star_value(struct arena *arena, const char *glob, size_t star, const char *text)
{
        const char *glob_end = glob + strlen(glob), *end = text + strlen(text), *value_end = NULL;
        size_t stars = 0;

        for (const char *g = glob; *g; g++)
                stars += *g == '*';
        for (;; stars--) {
                const char *literal = glob_end;
                size_t len;

                while (literal > glob && literal[-1] != '*')
                        literal--;
                len = (size_t)(glob_end - literal);
                if (literal == glob)
                        end = text + len; /* the first literal is at the beginning of the text */
                while (value_end && end > text + len && !literal_ends_at(literal, len, end))
                        end--;
                if (value_end && stars == star)
                        return arena_copy(arena, end, (size_t)(value_end - end));
                if (literal == glob)
                        return NULL;
                value_end = end -= len;
                glob_end = literal - 1;
        }
}

const char *pattern_variable(const struct pattern *p, struct arena *arena, const char *subject,
                             const char *name)
{
        const char **begins = arena_alloc(arena, (p->count + 1) * sizeof *begins),
                   *at = first_segment(p, subject);
        size_t star;
        const struct pattern_segment *s = find_variable(p, name, &star);
        char *text, *out;
        int c;

        if (!s || !at || !segments_match(p, at, begins))
                return NULL;
        at = begins[s - p->segments];
        if (!s->glob)
                return at[-1] == '/' ? at - 1 : at;
        text = out = arena_alloc(arena, (size_t)(segment_end(p, at) - at) + 1);
        while ((c = byte_at(p, at, &at)) >= 0)
                *out++ = (char)c;
        return path_escape(arena, star_value(arena, s->glob, star, text), false);
}
