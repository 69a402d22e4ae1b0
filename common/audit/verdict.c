#include "audit/verdict.h"

#include <stdarg.h>

struct verdict verdict_open(struct arena *arena, size_t most)
{
        return (struct verdict){.arena = arena, .scratch = arena_open(), .most = most};
}

void verdict_close(struct verdict *v)
{
        arena_close(&v->scratch);
}

void verdict_add(struct verdict *v, const char *about, int64_t id, const char *format, ...)
{
        struct audit_offence *offence;
        va_list args;

        v->offences++;
        if (v->most && v->kept_count == v->most)
                return;
        v->kept =
                arena_reserve(v->arena, v->kept, &v->kept_room, v->kept_count + 1, sizeof *v->kept);
        offence = &v->kept[v->kept_count++];
        offence->about = about;
        offence->id = id;
        va_start(args, format);
        offence->text = arena_vprintf(v->arena, format, args);
        va_end(args);
}

void verdict_leave(struct verdict *v, const char *format, ...)
{
        va_list args;

        v->left =
                arena_reserve(v->arena, v->left, &v->left_room, v->left_count + 1, sizeof *v->left);
        va_start(args, format);
        v->left[v->left_count++] = arena_vprintf(v->arena, format, args);
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
