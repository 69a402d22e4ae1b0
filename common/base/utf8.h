/* utf8 - Unicode as RFC 3629 writes it: no overlong forms, no surrogates, nothing above
   U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How long the valid sequence of two to four bytes at p is; 0 where there is none. p < end. */
size_t utf8_length(const char *p, const char *end);

bool utf8_is_valid(const char *text, size_t len); /* a NUL is refused: no text here has one */

/* Writes the code, one to four bytes, and returns the place after it. */
char *utf8_write(char *out, uint32_t code);

#endif
