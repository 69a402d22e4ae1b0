#include "gateway/routing/glob.h"

#include "base/text.h"
#include "http/grammar.h"

#include <ctype.h>

int path_byte(const char *p, const char **next)
{
        int escaped;

        if (!*p || *p == '/')
                return -1;
        *next = p + 1;
        escaped = escape_byte(p);
        if (escaped < 0)
                return (unsigned char)*p;
        *next = p + 3;
        return escaped;
}

bool glob_matches(const char *glob, const char *text, bool ignore_case)
{
        const char *star = NULL, *star_text = NULL;

        while (*text) {
                bool same = ignore_case
                                    ? tolower((unsigned char)*glob) == tolower((unsigned char)*text)
                                    : *glob == *text;

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

const char *path_escape(struct arena *arena, const char *text, bool whole)
{
        struct text out = text_open(arena, strlen(text) + 8);
        const char *next;

        for (; *text; text++) {
                unsigned char c = (unsigned char)*text;
                bool stays = isalnum(c) || strchr("-._~!$&'()*+,;=:@", c);

                if (stays || (whole && (c == '/' || (c == '%' && path_byte(text, &next) >= 0 &&
                                                     next == text + 3))))
                        text_char(&out, (char)c);
                else
                        text_printf(&out, "%%%02X", c);
        }
        return out.at;
}
