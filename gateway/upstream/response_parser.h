/* response_parser - reads an upstream's answer (RFC 9112) strictly and piece by piece, out of the
   caller's own buffer.

   An answer that two readers could understand differently is refused, so that no answer can hide in
   another. The parser copies and allocates nothing: it ends names and values of fields with NUL
   where they lie in the buffer, and pieces of the body are spans of the buffer. It does no I/O and
   reads no clock. However the bytes are cut, the work is linear in their number.

        response_parser_begin(&parser, &limits, fields, is_head);

        while (response_parser_head(&parser, buffer, len, &used) == RESPONSE_MORE)
                read more, and pass all bytes again, with those passed before;
        use the fields, which lie in the buffer, then drop the first `used` bytes;

        while ((result = response_parser_body(&parser, buffer, len, &used, &out, &out_len))
               != RESPONSE_END)
                pass on `out` if RESPONSE_DATA;
                drop the first `used` bytes;
                read more if RESPONSE_MORE;

   RESPONSE_BAD ends both loops, and stays. Bytes that were not used stay at the front of the next
   call's bytes, but the buffer may move or grow: a head, or a section of trailers, stays until all
   of it is there. A buffer of the larger of limits.head and limits.trailers always suffices.
   response_parser_body may be called for answers without a body too, and says RESPONSE_END at once.

   When the peer closes, response_parser_close says whether that is the answer's proper end. When
   the answer has ended, `keep` says whether the connection may carry another request. Bytes after
   the end clear it, and so does a length with 204: what comes unasked would be taken for the next
   answer.

   Stricter than the RFC: a Content-Length that is repeated or a list is refused even if its numbers
   are equal, and so are blanks before a chunk's extension, and any coding beside chunked. More
   lenient in one thing: the blank after the status may be missing when there is no reason phrase.
   Some servers leave it out, and it cannot be understood in two ways.

   Threads: one at a time. */
#ifndef GATEWAY_UPSTREAM_RESPONSE_PARSER_H
#define GATEWAY_UPSTREAM_RESPONSE_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum response_result {
        RESPONSE_MORE, /* wants more bytes */
        RESPONSE_HEAD, /* the final answer's head is there */
        RESPONSE_DATA, /* a piece of the body is there */
        RESPONSE_END,  /* the answer has ended, its trailers are there */
        RESPONSE_BAD,  /* no answer, see `why`; the connection is of no more use */
};

enum response_framing {
        RESPONSE_NO_BODY, /* to HEAD, 204, 304, whatever length they say; a length of 0 elsewhere is
                             RESPONSE_LENGTH */
        RESPONSE_LENGTH,
        RESPONSE_CHUNKED,
        RESPONSE_UNTIL_CLOSE,
};

struct response_limits {
        size_t head;     /* bytes, with the 1xx answers in front, of which at most 16 are skipped */
        size_t fields;   /* number, those of the trailers too */
        size_t trailers; /* bytes */
        size_t extension; /* bytes of each chunk-extension */
};

struct response_field {
        const char *name, *value; /* the value without blanks around it */
        uint32_t name_len, value_len;
        unsigned kinds; /* http/header_kinds.h */
        bool hop; /* about this connection only, not to be passed on: `Connection`, its like, and
                     the fields that it names */
};

struct response_parser {
        /* out, from RESPONSE_HEAD on */
        int status, minor; /* 200 to 599; the 1 in HTTP/1.1 */
        enum response_framing framing;
        uint64_t length; /* of RESPONSE_LENGTH */
        const struct response_field *fields,
                *trailers; /* as they came; trailers from RESPONSE_END on */
        size_t field_count, trailer_count;
        int interim;     /* 1xx answers skipped */
        bool keep;       /* the connection may be used again; counts at RESPONSE_END */
        uint64_t body;   /* bytes of the body so far, decoded */
        const char *why; /* RESPONSE_BAD: for people */

        /* response_parser*.c's own */
        const struct response_limits *limits;
        struct response_field *room;
        int state;
        bool is_head;
        size_t line, seen; /* where the line under way begins; up to where there is no LF */
        uint64_t left;     /* of the length or chunk; the size while it is read */
        size_t count;      /* what `Connection` names; digits of a size; bytes of an extension */
        uintptr_t base;    /* of the buffer, when the fields were last put right */
        unsigned said;     /* fields that may come once, and what `Connection` said */
};

/* `room` has limits->fields entries; both stay the caller's and outlive the answer. is_head: asked
   with HEAD. */
void response_parser_begin(struct response_parser *parser, const struct response_limits *limits,
                           struct response_field *room, bool is_head);

/* RESPONSE_MORE, RESPONSE_HEAD or RESPONSE_BAD. `used` counts only with RESPONSE_HEAD: the head's
   bytes, with all 1xx before it. */
enum response_result response_parser_head(struct response_parser *parser, char *bytes, size_t len,
                                          size_t *used);

/* RESPONSE_MORE, RESPONSE_DATA, RESPONSE_END or RESPONSE_BAD; at most one piece a call, which lies
   in bytes. Fields that may not be trailers (framing, routing, authentication, what the body is:
   RFC 9110, 6.5.1) are left out. */
enum response_result response_parser_body(struct response_parser *parser, char *bytes, size_t len,
                                          size_t *used, const char **out, size_t *out_len);

/* How many of the next bytes are the body's and nothing else. */
uint64_t response_parser_plain(const struct response_parser *parser);

/* The peer closed, and all its bytes were given: true if the answer is whole, else `why` says what
   is missing. */
bool response_parser_close(struct response_parser *parser);

#endif
