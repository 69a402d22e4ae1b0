/* response_parser_inside - what the files of response_parser.h share: its states, its fields, its
 * lines. */
#ifndef GATEWAY_UPSTREAM_RESPONSE_PARSER_INSIDE_H
#define GATEWAY_UPSTREAM_RESPONSE_PARSER_INSIDE_H

#include "gateway/upstream/response_parser.h"

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
        SAID_CLOSE = 4, /* or something that we do not understand */
        SAID_KEEP_ALIVE = 8,
        SAID_NAMES = 16, /* of fields */
};

bool response_parser_refuse(struct response_parser *parser, const char *why); /* false */

/* A line that is whole, without its CR LF; NULL: not yet, or bad. */
char *response_parser_line(struct response_parser *parser, char *bytes, size_t len, size_t limit,
                           size_t *line_len);

/* One line without its CR, at line[len]. */
bool response_parser_field(struct response_parser *parser, char *line, size_t len);
bool response_parser_trailer(struct response_parser *parser, char *line, size_t len);

/* The fields that `Connection` names are about the connection, too. */
void response_parser_mark_hops(struct response_parser *parser);

/* The fields kept so far, when their buffer moved. */
void response_parser_move_fields(struct response_parser *parser, struct response_field *fields,
                                 size_t count, const char *bytes);

#endif
