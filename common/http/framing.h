/* framing - whether the head of a request can be read in one way only (RFC 9112), and how its body
   is delimited.

   What two readers could understand differently is refused, so that no request can hide in another:
   the library under us takes the first of two lengths, glues folded lines to names, cuts values at
   NUL and lets a bare LF pass. libmicrohttpd 1.x refuses these itself from client discipline 1 on,
   which is also the best of its levels: 2 no longer passes over an empty line before a request, 3
   lets blanks stand behind a chunk's size. Of 0.9.x the gaps between the pieces in the connection's
   buffer tell: each line must begin exactly two bytes (CR LF) behind the end of the one before. Two
   pairs of bytes look like CR LF there and pass: NUL LF, and colon LF where the empty line should
   be. */
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
        int status;      /* 0: well framed; else the answer, behind which the connection closes */
        const char *why; /* for people */
        const char *host, *traceparent; /* NULL: not there */
        const char *forwarded_for;      /* X-Forwarded-For, its last line; NULL: none */
        int forwarded_lines;
        bool chunked;
        uint64_t length; /* 0 without a Content-Length */
        size_t fields, bytes;
        size_t cookies;      /* which the library takes apart as well, */
        size_t cookie_bytes; /* in a copy of the first field of them */
        /* inside */
        const char *next; /* where the next line must begin */
        int hosts, lengths, codings;
};

/* max_header in bytes with the request line, max_fields in number */
bool framing_check(struct framing *framing, struct MHD_Connection *connection,
                   const struct request_line *line, size_t max_header, size_t max_fields);

#endif
