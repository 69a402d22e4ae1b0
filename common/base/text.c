#include "base/text.h"

#include "base/digits.h"

#include <stdio.h>

struct text text_open(struct arena *arena, size_t room)
{
        struct text t = {.arena = arena, .at = arena_room(arena, room + 1), .room = room};

        *t.at = '\0';
        return t;
}

void text_reserve(struct text *t, size_t room)
{
        if (room <= t->room)
                return;
        t->at = arena_grow(t->arena, t->at, t->room + 1, room + 1);
        t->room = room;
}

void text_make_room(struct text *t, size_t more)
{
        if (more > t->room - t->len)
                text_reserve(t, t->room * 2 > t->len + more ? t->room * 2 : t->len + more + 64);
}

void text_int(struct text *t, int64_t number)
{
        char digits[DIGITS_MOST], *end = digits + sizeof digits,
                                  *first = digits_before(end, number);

        text_add(t, first, (size_t)(end - first));
}

void text_printf(struct text *t, const char *format, ...)
{
        size_t left = t->room - t->len + 1;
        va_list args, again;
        int len;

        va_start(args, format);
        va_copy(again, args);
        len = vsnprintf(t->at + t->len, left, format, again);
        va_end(again);
        if ((size_t)len >= left) {
                text_make_room(t, (size_t)len + 1);
                vsnprintf(t->at + t->len, (size_t)len + 1, format, args);
        }
        va_end(args);
        t->len += (size_t)len;
}
