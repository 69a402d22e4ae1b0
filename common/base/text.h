/* text - bytes that grow at their end, in an arena; always followed by a NUL that len does not
   count. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/arena.h"

#include <stdint.h>
#include <string.h>

struct text {
        struct arena *arena;
        char *at;
        size_t len, room;
};

struct text text_open(struct arena *arena, size_t room);
/* Room for so many bytes in all; before text_add, where it is known how many will come. */
void text_reserve(struct text *text, size_t room);
/* Room for so many bytes more. */
void text_make_room(struct text *text, size_t more);

/* Answers, events and log lines are made of many small pieces, most of them constants: inline, such
   a piece costs a few instructions and no call. */
static inline void text_add(struct text *text, const char *bytes, size_t len)
{
        if (!len)
                return;
        if (len > text->room - text->len)
                text_make_room(text, len);
        memcpy(text->at + text->len, bytes, len);
        text->len += len;
        text->at[text->len] = '\0';
}

static inline void text_string(struct text *text, const char *string)
{
        text_add(text, string, strlen(string));
}

static inline void text_char(struct text *text, char c)
{
        text_add(text, &c, 1);
}

void text_int(struct text *text, int64_t number);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
