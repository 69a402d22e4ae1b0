/* grammar - the pieces of HTTP's syntax that several readers share (RFC 9110, 5.6; RFC 9112).

   One grammar for both sides: the fields that clients send and those that upstreams answer with.
   Pure functions. */
#ifndef HTTP_GRAMMAR_H
#define HTTP_GRAMMAR_H

#include "base/hex.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

extern const bool grammar_token_chars[256]; /* for is_token_char */

/* A method, a field's name, a transfer coding: one or more of these (RFC 9110, 5.6.2). */
static inline bool is_token_char(char c)
{
        return grammar_token_chars[(unsigned char)c];
}

bool is_token(const char *text, size_t len);

/* The length of the token at the front, 0: none. The text must end with a byte of no token. */
static inline size_t token_length(const char *text)
{
        size_t len = 0;

        while (is_token_char(text[len]))
                len++;
        return len;
}

/* What may surround a field's value and is no part of it (RFC 9110, 5.6.3). */
static inline bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

/* The length without the blanks at the end. */
static inline size_t trimmed_length(const char *text, size_t len)
{
        while (len && is_blank(text[len - 1]))
                len--;
        return len;
}

/* What no field's value may have. A tab is none of them. */
static inline bool is_control(char c)
{
        return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

bool has_control(const char *text, size_t len);

/* Names of fields, codings and connection options ignore case. */
static inline bool is_named(const char *name, size_t len, const char *known)
{
        return len == strlen(known) && strncasecmp(name, known, len) == 0;
}

/* The same for two names that end with NUL. */
static inline bool is_same_name(const char *a, const char *b)
{
        /* most names differ in their first letter */
        return (*a | 0x20) == (*b | 0x20) && strcasecmp(a, b) == 0;
}

/* Why a Content-Length is refused, or NULL: then `length` is set. */
const char *content_length_read(const char *value, size_t len, uint64_t *length);

/* The byte that an escape such as %41 stands for, or -1 where text is none; it may end with NUL
   anywhere. */
static inline int escape_byte(const char *text)
{
        int high, low;

        if (text[0] != '%')
                return -1;
        high = hex_digit(text[1]);
        /* cppcheck-suppress arrayIndexOutOfBounds; not read where text[1] is the end */
        low = high < 0 ? -1 : hex_digit(text[2]);
        return low < 0 ? -1 : high << 4 | low;
}

/* "host", "host:80", "[::1]:80" (RFC 3986, 3.2); at most HOST_MOST bytes, because each link of an
   answer may repeat it. */
enum { HOST_MOST = 300 };
bool is_host_port(const char *text, size_t len);

#endif
