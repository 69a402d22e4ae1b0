/* reply - an upstream's answer, read strictly and piece by piece (RFC 9112), out of the caller's own buffer.

   What two readers could understand differently is refused, so that no answer can hide in another. Nothing is copied
   and nothing allocated: names and values of fields are ended with NUL where they lie in the buffer, pieces of the
   body are spans of it. No I/O and no clock either. A byte at a time costs no more than once over.

        reply_begin(&reply, &limits, fields, is_head);         for each request
        while (reply_head(&reply, buffer, len, &used) == REPLY_MORE)
                read more behind what is there;                more: again with all bytes, those seen before too
        drop the first `used` bytes;                           only after the fields were used: they lie in there
        while ((result = reply_body(&reply, buffer, len, &used, &out, &out_len)) != REPLY_END)
                pass on `out` if REPLY_DATA, drop the first `used` bytes, read more if REPLY_MORE;

   REPLY_BAD ends both loops, and stays.
   What was not used must stay at the front of the next call's bytes, where the buffer itself may move or grow: a head,
   and a section of trailers, stay until all of it is there. A buffer of the larger of limits.head and limits.trailers
   always suffices. reply_body is called for answers without a body too, and says REPLY_END at once.

   When the peer closes, reply_close says whether that is the answer's proper end. When the answer has ended, `keep`
   says whether the connection may carry another. Bytes behind the end clear it, and so does a length said with 204:
   what comes unasked would be taken for the next answer.

   Stricter than the RFC asks for: equal repeated or listed Content-Length, blanks before a chunk's extension, and any
   coding beside chunked are refused. More lenient in one thing: the blank behind the status may be missing when there
   is no reason phrase, which servers in the field do and which cannot be understood in two ways.

   Threads: one at a time. */
#ifndef GATEWAY_REPLY_H
#define GATEWAY_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum reply_result {
        REPLY_MORE, /* wants more bytes */
        REPLY_HEAD, /* the final answer's head is there */
        REPLY_DATA, /* a piece of the body is there */
        REPLY_END,  /* the answer is over, its trailers are there */
        REPLY_BAD,  /* `why` says it; the connection is of no more use */
};

enum reply_framing {
        REPLY_NO_BODY, /* to HEAD, 204, 304, whatever length they say; a length of 0 elsewhere is REPLY_LENGTH */
        REPLY_LENGTH,
        REPLY_CHUNKED,
        REPLY_UNTIL_CLOSE,
};

struct reply_limits {
        size_t head;      /* bytes, with the 1xx answers in front, of which at most 16 are skipped */
        size_t fields;    /* number, those of the trailers too */
        size_t trailers;  /* bytes */
        size_t extension; /* bytes of each chunk-extension */
};

struct reply_field {
        const char *name, *value; /* the value without blanks around it */
        uint32_t name_len, value_len;
        bool hop; /* about this connection only (`Connection` names it, or is it): not to be passed on */
};

struct reply {
        /* out, from REPLY_HEAD on */
        int status, minor; /* 200 to 599; the 1 in HTTP/1.1 */
        enum reply_framing framing;
        uint64_t length; /* of REPLY_LENGTH */
        const struct reply_field *fields, *trailers; /* as they came; trailers from REPLY_END on */
        size_t field_count, trailer_count;
        int interim;     /* 1xx answers skipped */
        bool keep;       /* the connection may be used again; counts at REPLY_END */
        uint64_t body;   /* bytes of the body so far, decoded */
        const char *why; /* REPLY_BAD: for people */

        /* inside */
        const struct reply_limits *limits;
        struct reply_field *room;
        int state;
        bool is_head;
        size_t line, seen; /* where the line under way begins; up to where there is no LF */
        uint64_t left;     /* of the length or chunk; the size while it is read */
        size_t count;      /* what `Connection` names; digits of a size; bytes of an extension */
        uintptr_t base;    /* of the buffer, when the fields were last put right */
        unsigned said;     /* fields that may come once, and what `Connection` said */
};

/* `room` has limits->fields entries; both stay the caller's and outlive the answer. is_head: asked with HEAD. */
void reply_begin(struct reply *reply, const struct reply_limits *limits, struct reply_field *room, bool is_head);

/* REPLY_MORE, REPLY_HEAD or REPLY_BAD. `used` counts only with REPLY_HEAD: the head's bytes, with all 1xx before it. */
enum reply_result reply_head(struct reply *reply, char *bytes, size_t len, size_t *used);

/* REPLY_MORE, REPLY_DATA, REPLY_END or REPLY_BAD; at most one piece a call, which lies in bytes. Fields that may not be
   trailers (framing, routing, authentication, what the body is: RFC 9110, 6.5.1) are left out. */
enum reply_result reply_body(struct reply *reply, char *bytes, size_t len, size_t *used, const char **out,
                             size_t *out_len);

/* So many of the next bytes are the body's and nothing else. */
uint64_t reply_plain(const struct reply *reply);

/* The peer closed, and all its bytes were given: true if the answer is whole, else `why` says what is missing. */
bool reply_close(struct reply *reply);

#endif
