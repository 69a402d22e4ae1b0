/* text - bytes that grow at their end, in an arena; always followed by a NUL that len does not
   count. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/arena.h"

#include <stdint.h>

struct text {
        struct arena *arena;
        char *at;
        size_t len, room;
};

struct text text_open(struct arena *arena, size_t room);
/* Room for so many bytes in all; before text_add, where it is known how many will come. */
void text_reserve(struct text *text, size_t room);
void text_add(struct text *text, const char *bytes, size_t len);
void text_string(struct text *text, const char *string);
void text_char(struct text *text, char c);
void text_int(struct text *text, int64_t number);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
