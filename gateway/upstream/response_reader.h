/* response_reader - reads an answer from its connection and fills in what the caller gets of it. It
   knows nothing of the attempt's state and calls nobody back: upstream.c does both by what it
   returns. On the loop's thread. */
#ifndef GATEWAY_UPSTREAM_RESPONSE_READER_H
#define GATEWAY_UPSTREAM_RESPONSE_READER_H

#include "gateway/upstream/connection.h"
#include "gateway/upstream/upstream.h"

/* Of one attempt; all zero at first. */
struct response_reader {
        const char *piece; /* decoded, not yet given to the caller; in the connection's buffer, or
                              in `gathered` */
        size_t piece_len;
        char *gathered;  /* room for a short body, in the request's arena */
        const char *why; /* of READER_BROKEN, for people; not of a gathered body */
};

enum response_reader_result {
        READER_WAIT,   /* no more can be read for now */
        READER_HEAD,   /* the head is whole */
        READER_DATA,   /* some bytes of the body were given */
        READER_END,    /* the body has ended */
        READER_BROKEN, /* the connection broke, or what it brought is no HTTP */
};

/* WAIT, HEAD or BROKEN. With HEAD the answer's status and fields are the caller's. */
enum response_reader_result response_reader_head(struct response_reader *reader,
                                                 struct upstream_request *request,
                                                 struct upstream_connection *connection);

/* By its head; such a body may pause for any time. */
bool response_reader_is_event_stream(const struct upstream_request *request);

/* Reads a body of known length into one place, which begins with the bytes that came with the
   head: WAIT, END or BROKEN. After BROKEN response_reader_body gives the part that came, then says
   why it is broken. */
void response_reader_gather_begin(struct response_reader *reader, struct upstream_request *request,
                                  struct upstream_connection *connection);
enum response_reader_result response_reader_gather(struct response_reader *reader,
                                                   struct upstream_connection *connection);

/* At most `room` bytes of the body: WAIT, DATA, END or BROKEN. `len` is set with DATA. */
enum response_reader_result response_reader_body(struct response_reader *reader,
                                                 struct upstream_connection *connection, char *to,
                                                 size_t room, size_t *len);
/* A body of known length was given to its last byte: its end need not be read. */
bool response_reader_is_complete(const struct response_reader *reader,
                                 const struct upstream_connection *connection);

/* After the body's end: its trailers are the caller's. True: as far as the answer goes, the
   connection may carry another request. */
bool response_reader_end(struct upstream_request *request, struct upstream_connection *connection);

#endif
