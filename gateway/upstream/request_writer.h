/* request_writer - puts a request into bytes and sends them over its connection. It knows nothing
   of the attempt's state and calls nobody back: upstream.c does both by what it returns. On the
   loop's thread. */
#ifndef GATEWAY_UPSTREAM_REQUEST_WRITER_H
#define GATEWAY_UPSTREAM_REQUEST_WRITER_H

#include "base/text.h"
#include "gateway/upstream/upstream.h"

struct upstream_connection;

/* Of one attempt; all zero at first. What it points to lies in the request's arena or is the
   caller's. */
struct request_writer {
        const char *out; /* not yet sent */
        size_t out_len;
        size_t sent;       /* bytes that the system took so far */
        struct text piece; /* the body's last piece with its framing; the next one reuses it */
};

enum request_writer_result {
        WRITER_WAIT,   /* the system takes no more for now */
        WRITER_EMPTY,  /* nothing is left to send */
        WRITER_BROKEN, /* the upstream reads no more; what was left is dropped */
};

/* The head, and the body as far as it is there. False: a line break in one of its fields would make
   two requests of it; nothing is to be sent. */
bool request_writer_begin(struct request_writer *writer, const struct upstream_request *request);
/* A further piece of the body, while nothing is left to send; how many bytes of it were taken. */
size_t request_writer_add(struct request_writer *writer, const struct upstream_request *request,
                          const char *data, size_t len);
/* After the last piece. */
void request_writer_end(struct request_writer *writer, const struct upstream_request *request);

enum request_writer_result request_writer_flush(struct request_writer *writer,
                                                struct upstream_connection *connection);

#endif
