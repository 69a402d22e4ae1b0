/* json - a strict reader and a small writer (RFC 8259).

   The reader refuses what the RFC refuses, and by name: text after the value, a byte order mark,
   invalid UTF-8, lone surrogates, \u0000, raw control characters, more than JSON_DEPTH levels. It
   accepts JSONTestSuite's y_ cases (except those with \u0000) and refuses its n_ cases. Numbers
   keep their source text; nothing is rounded. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSON_DEPTH = 128 };

enum json_type {
        JSON_NULL,
        JSON_FALSE,
        JSON_TRUE,
        JSON_NUMBER,
        JSON_STRING,
        JSON_ARRAY,
        JSON_OBJECT
};

/* Owned by the arena it was read into. */
struct json {
        enum json_type type;
        /* a number's source, a string's value (unescaped UTF-8); NUL-terminated */
        const char *text;
        size_t len;
        const char *name;         /* in an object: the member's name, unescaped; else NULL */
        const struct json *first; /* of an array or object, in source order */
        const struct json *next;  /* the sibling after this one */
};

/* The text need not end with NUL. NULL and ERROR_BAD_INPUT, which says what was expected at which
   byte; ERROR_UNAVAILABLE if the tree would take more than the arena's allowance has left. */
const struct json *json_read(struct arena *arena, const char *text, size_t len,
                             struct error *error);

/* Which members of a text become a tree: those that `is` names, of the objects at `depth` (0: the
   value itself, 1: the elements of an array). An array or object among them is left empty. All of
   the text is checked as ever, but the rest costs no memory. */
struct json_wanted {
        int depth;
        /* the name is not ended with NUL; NULL: every member */
        bool (*is)(const void *arg, const char *name, size_t len);
        const void *arg;
};
const struct json *json_read_wanted(struct arena *arena, const char *text, size_t len,
                                    const struct json_wanted *wanted, struct error *error);

/* The last member of that name (case sensitive), or NULL; NULL also when object is no object. */
const struct json *json_member(const struct json *object, const char *name);

/* A number's whole part, where it is written without an exponent. Numbers beyond int64_t are the
   nearest that can also be negated; what is no number is `otherwise`. */
int64_t json_whole(const struct json *value, int64_t otherwise);

const char *json_type_name(enum json_type type); /* "a string", "an object", ... for messages */

/* Writes "..." with the escapes that RFC 8259 demands and no others; NULL writes null. */
void json_write_string(struct text *out, const char *value);
/* Writes a whole value back, compact. */
void json_write(struct text *out, const struct json *value);

#endif
