/* framing - whether the head of a request can be read in one way only (RFC 9112), and how its body
   is delimited.

   A head that two readers could understand differently is refused, so that no request can hide in
   another (request smuggling). libmicrohttpd 0.9.x takes the first of two lengths, joins folded
   lines to names, cuts values at NUL and accepts a bare LF. 1.x refuses these itself from client
   discipline 1 on; we use 1, because 2 refuses an empty line before a request and 3 accepts blanks
   after a chunk's size. With 0.9.x we measure the gaps between the pieces in the connection's
   buffer: each line must begin exactly two bytes (CR LF) after the end of the line before. Two
   pairs of bytes look like CR LF there and pass: NUL LF, and colon LF for the empty line. */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The request line as it lies in the connection's buffer; of the target only the place and the
   length as sent, since the library writes into it. */
struct request_line {
        const char *method, *target, *version;
        size_t target_len;
};

struct framing {
        /* out */
        int status;      /* 0: well framed; else of the answer, after which the connection closes */
        const char *why; /* for people */
        const char *host, *traceparent; /* NULL: not there */
        const char *forwarded_for;      /* X-Forwarded-For, its last line; NULL: none */
        int forwarded_lines;
        bool chunked;
        uint64_t length; /* 0 without a Content-Length */
        size_t fields, bytes;
        size_t cookies;      /* the library parses these as well, */
        size_t cookie_bytes; /* in a copy of the first Cookie field */
        /* inside */
        const char *next; /* where the next line must begin */
        int hosts, lengths, codings;
};

/* max_header in bytes with the request line, max_fields in number */
bool framing_check(struct framing *framing, struct MHD_Connection *connection,
                   const struct request_line *line, size_t max_header, size_t max_fields);

#endif
