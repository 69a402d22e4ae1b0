/* utf8 - Unicode as RFC 3629 writes it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* How long the valid sequence of two to four bytes at p is; 0 where there is none. p < end. */
size_t utf8_length(const char *p, const char *end);

/* Writes the code, one to four bytes, and returns the place behind it. */
char *utf8_write(char *out, uint32_t code);

#endif
