/* reply_inside - what the files of reply.h share: its states, its fields, its lines. */
#ifndef GATEWAY_REPLY_INSIDE_H
#define GATEWAY_REPLY_INSIDE_H

#include "gateway/reply.h"

enum state {
        STATUS, /* the status line is under way */
        FIELDS,
        WHOLE, /* a body of known length */
        REST,  /* one until close */
        SIZE,  /* the digits of a chunk */
        EXTENSION,
        SIZE_LF,
        CHUNK,
        CHUNK_CR,
        CHUNK_LF,
        TRAILERS,
        END,
        BAD,
};

enum said {
        SAID_LENGTH = 1,
        SAID_CODING = 2,
        SAID_CLOSE = 4, /* or what cannot be understood */
        SAID_KEEP_ALIVE = 8,
        SAID_NAMES = 16, /* of fields */
};

bool reply_refuse(struct reply *reply, const char *why); /* false */
bool reply_has_control(const char *text, size_t len);    /* a tab is none */

/* A line that is whole, without its CR LF; NULL: not yet, or bad. */
char *reply_line(struct reply *reply, char *bytes, size_t len, size_t limit, size_t *line_len);

/* One line without its CR, at line[len]. */
bool reply_field_read(struct reply *reply, char *line, size_t len);
bool reply_trailer_read(struct reply *reply, char *line, size_t len);

/* What `Connection` names is about the connection, too. */
void reply_hops_mark(struct reply *reply);

/* The fields kept so far, when their buffer moved. */
void reply_fields_move(struct reply *reply, struct reply_field *fields, size_t count, const char *bytes);

#endif
