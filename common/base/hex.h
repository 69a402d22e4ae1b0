/* hex - hexadecimal digits, read and written. Pure functions. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stddef.h>

extern const char hex_digits[]; /* 0 to f; of their index */

/* 0 to 15, or -1 */
static inline int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two digits a byte, and no NUL after them. Returns where they end. */
char *hex_write(char *to, const unsigned char *bytes, size_t count);

#endif
