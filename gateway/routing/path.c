#include "gateway/routing/path.h"

#include "base/text.h"
#include "gateway/routing/glob.h"
#include "http/grammar.h"

enum { TIMES = 3 }; /* that somebody may decode; an escape that is left then is refused */

static const char forbidden[] = "actuator";

/* The bytes of a path as they may stand in a request line. */
static const char *bytes_check(const char *path)
{
        if (*path != '/')
                return "the path does not begin with a slash";
        for (const char *p = path; *p; p++) {
                unsigned char c = (unsigned char)*p;

                if (c <= ' ' || c >= 0x7f || c == '?' || c == '#' || c == '\\')
                        return "the path has a backslash, a blank, a control character or a byte "
                               "beyond ASCII";
                if (c == '%' && escape_byte(p) <= 0)
                        return "the path has a bad escape";
        }
        return NULL;
}

/* In place. False: nothing changed. A NUL, which would be an end, becomes an escape again: it is
   found as one that is left. */
static bool decode(char *text)
{
        char *to = text;
        bool changed = false;

        for (const char *p = text; *p; p++) {
                int c = escape_byte(p);

                if (c > 0) {
                        p += 2;
                        changed = true;
                }
                *to++ = c > 0 ? (char)c : *p;
        }
        *to = '\0';
        return changed;
}

/* Decoded as often as that changes it; NULL: too often, or to NUL. */
static const char *decode_all(struct arena *arena, const char *path)
{
        char *text;

        if (!strchr(path, '%'))
                return path;
        text = arena_string(arena, path);
        for (int i = 0; i < TIMES && decode(text); i++)
                ;
        for (const char *p = text; (p = strchr(p, '%')); p++)
                if (escape_byte(p) >= 0)
                        return NULL;
        return text;
}

/* One segment, and what of it is its name. */
struct path_segment {
        const char *at;
        size_t len, name_len;
};

static bool next_segment(const char **from, struct path_segment *s)
{
        if (!**from)
                return false;
        s->at = *from + 1;
        s->len = strcspn(s->at, "/\\");
        s->name_len = strcspn(s->at, "/\\;?#");
        *from = s->at + s->len;
        return true;
}

static bool is_dots(const struct path_segment *s)
{
        return (s->name_len == 1 || s->name_len == 2) && strncmp(s->at, "..", s->name_len) == 0;
}

int path_check(struct arena *arena, const char *path, const char **why)
{
        const char *text;
        bool first = true;
        struct path_segment s;

        *why = bytes_check(path);
        if (*why)
                return 400;
        text = decode_all(arena, path);
        *why = "the path is escaped too often, or has an escaped NUL";
        if (!text)
                return 400;
        while (next_segment(&text, &s)) {
                *why = "the path has dot segments";
                if (is_dots(&s))
                        return 400;
                *why = "the path has a segment that is nothing but parameters";
                if (s.at[0] == ';') /* dropped by some before they decode what is in them, by others
                                       behind that */
                        return 400;
                *why = "nothing under /actuator is reached through the gateway";
                if (first && s.name_len == sizeof forbidden - 1 &&
                    strncasecmp(s.at, forbidden, s.name_len) == 0)
                        return 404;
                first &= !s.len;
        }
        return 0;
}

const char *path_reading(struct arena *arena, const char *path)
{
        const char *text;
        struct text out;
        struct path_segment s;

        if (!strpbrk(path, "%;") && !strstr(path, "//"))
                return path;
        text = decode_all(arena, path);
        out = text_open(arena, strlen(path) + 8);
        while (next_segment(&text, &s)) {
                char end = s.at[s.name_len];

                if (!s.name_len && *text && end != '?' && end != '#')
                        continue;
                text_char(&out, '/');
                text_string(&out, path_escape(arena, arena_copy(arena, s.at, s.name_len), false));
                if (end == '?' || end == '#') /* some look for a query only now */
                        break;
        }
        return out.len ? out.at : "/";
}
