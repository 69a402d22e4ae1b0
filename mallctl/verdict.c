#include "mallctl/verdict.h"

#include <stdarg.h>

struct verdict verdict_open(struct arena *arena)
{
        return (struct verdict){.lines = text_open(arena, 200), .left = text_open(arena, 200)};
}

void verdict_add(struct verdict *verdict, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        text_string(&verdict->lines, arena_vprintf(verdict->lines.arena, format, args));
        va_end(args);
        text_char(&verdict->lines, '\n');
        verdict->offences++;
}

void verdict_leave(struct verdict *verdict, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        text_printf(&verdict->left, "not checked: %s\n",
                    arena_vprintf(verdict->left.arena, format, args));
        va_end(args);
}

const char *verdict_visible(struct arena *arena, const char *text)
{
        struct text out = text_open(arena, 50);

        for (; *text; text++) {
                unsigned char c = (unsigned char)*text;

                if (c < 0x20 || c == 0x7f || c == '\\')
                        text_printf(&out, "\\x%02x", c);
                else
                        text_char(&out, *text);
        }
        return out.at;
}

const char *verdict_count(struct arena *arena, size_t count, const char *one, const char *many)
{
        return arena_printf(arena, "%zu %s", count, count == 1 ? one : many);
}
