/* header_kinds - what a proxy does with a field, by its name: one table for requests, answers,
   trailers and filters.

   Groups of names with one beginning (X-Forwarded-, X-B3-, Access-Control-) are not in the table:
   the callers look for them. */
#ifndef HTTP_HEADER_KINDS_H
#define HTTP_HEADER_KINDS_H

#include <stddef.h>

enum header_kind {
        HEADER_HOP = 1,         /* about one connection only (RFC 9110, 7.6.1): never passed on */
        HEADER_DELIMITS = 2,    /* says where the message or the connection ends */
        HEADER_TO_PROXY = 4,    /* of a request: for the first proxy, which is us */
        HEADER_WRITTEN = 8,     /* of a request: replaced by what we write, or by nothing */
        HEADER_KEPT = 16,       /* of a request: `Connection: name` does not remove it */
        HEADER_FIXED = 32,      /* no filter of a route changes it */
        HEADER_NO_TRAILER = 64, /* left out where it is a trailer (RFC 9110, 6.5.1) */
};

/* Their sum; 0 for a name that is treated like any other. Ignores case. */
unsigned header_kinds(const char *name, size_t len);

#endif
