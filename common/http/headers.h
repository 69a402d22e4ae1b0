/* headers - the fields of a request or an answer, in order (RFC 9110, section 5).

   A list lies in its arena; it does not copy names and values. One thread at a time. */
#ifndef HTTP_HEADERS_H
#define HTTP_HEADERS_H

#include "base/arena.h"
#include "base/text.h"

#include <stddef.h>

struct http_header {
        const char *name, *value;
};

struct headers {
        struct arena *arena;
        struct http_header *at;
        size_t count, room;
};

/* A line of a message's head: "Name: value", CR and LF. */
void header_write(struct text *out, const char *name, const char *value);

void headers_add(struct headers *headers, const char *name, const char *value);
/* All values of that name in order, joined by ", "; "" where there is none, never NULL. Names
   ignore case. */
const char *headers_value(const struct headers *headers, const char *name)
        __attribute__((returns_nonnull));
/* The same, but NULL if there is none: for callers to whom an empty field is not the same. */
const char *headers_if_there(const struct headers *headers, const char *name);

#endif
