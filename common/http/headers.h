/* headers - the fields of a request or an answer, in order (RFC 9110, section 5).

   A list lies in its arena; it does not copy names and values. What is asked of a field again and
   again (its lengths, what a proxy does with it) is found once, when it is added. One thread at a
   time. */
#ifndef HTTP_HEADERS_H
#define HTTP_HEADERS_H

#include "base/arena.h"
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct http_header {
        const char *name, *value;
        /* in a list; elsewhere a field may be no more than name and value */
        uint32_t name_len, value_len;
        unsigned kinds; /* http/header_kinds.h */
};

struct headers {
        struct arena *arena;
        struct http_header *at;
        size_t count, room;
        uint64_t seen; /* header_bit of each name that was added */
};

/* A line of a message's head: "Name: value", CR and LF. */
void header_write(struct text *out, const char *name, const char *value);

/* A field with all that is known of it. */
struct http_header header_whole(const char *name, const char *value);

/* Names ignore case. Most differ in length, or in their first letter. */
static inline bool header_is(const struct http_header *h, const char *name, size_t len)
{
        return h->name_len == len && (*h->name | 0x20) == (*name | 0x20) &&
               strncasecmp(h->name, name, len) == 0;
}

/* One of 64, by a name's length and first letter. Most names that are asked for are not in the
   list: then the bit says so, and it is a constant where the name is one. With 35, what browsers
   and proxies send shares hardly a bit with what the gateway asks for. */
static inline uint64_t header_bit(const char *name, size_t len)
{
        return 1ull << ((len + 35u * (unsigned)(*name | 0x20)) & 63);
}

void headers_add(struct headers *headers, const char *name, const char *value);
/* The same for a field of which all is known. */
void headers_put(struct headers *headers, const struct http_header *field);
/* Takes out all fields of that name. */
void headers_remove(struct headers *headers, const char *name);

/* For headers_if_there: a name that may be in the list. */
const char *headers_join(const struct headers *headers, const char *name, size_t len);

/* All values of that name in order, joined by ", "; NULL if there is none. */
static inline const char *headers_if_there(const struct headers *headers, const char *name)
{
        size_t len = strlen(name);

        return headers->seen & header_bit(name, len) ? headers_join(headers, name, len) : NULL;
}

/* The same for callers to whom an empty field is the same as none: "", never NULL. */
static inline const char *headers_value(const struct headers *headers, const char *name)
{
        const char *value = headers_if_there(headers, name);

        return value ? value : "";
}

#endif
