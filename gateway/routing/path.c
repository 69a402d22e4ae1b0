#include "gateway/routing/path.h"

#include "base/text.h"
#include "gateway/routing/glob.h"
#include "http/grammar.h"

/* No server decodes more often. An escape that is still left is refused. */
enum { TIMES = 3 };

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

/* Decodes in place; false: nothing changed. %00 stays, since a NUL would end the text: the caller
   finds it as an escape that is left. */
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

/* Decodes until nothing changes; NULL: it is escaped too often, or has an escaped NUL. */
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

/* A segment; its name ends where parameters or a query begin. */
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
                if (s.at[0] == ';') /* some servers drop parameters before decoding, some after */
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
                if (end == '?' || end == '#') /* some servers look for a query after decoding */
                        break;
        }
        return out.len ? out.at : "/";
}
