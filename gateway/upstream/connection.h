/* connection - one connection to an upstream and the bytes on it; upstream.c's own. On the loop's
   thread. */
#ifndef GATEWAY_UPSTREAM_CONNECTION_H
#define GATEWAY_UPSTREAM_CONNECTION_H

#include "gateway/upstream/dial.h"
#include "gateway/upstream/response_parser.h"

#include <stddef.h>
#include <sys/queue.h>

enum {
        READ_BUFFER_ROOM = 64 << 10, /* the largest head, and what of a body is read at once */
        READ_BUFFER_FIELDS = 100,
        READ_BUFFER_MOST_HEAD = 32 << 10,
};

/* What reading an answer needs; lent to a connection while it reads one, so that idle ones cost
   little. */
struct read_buffer {
        struct read_buffer *next;
        struct response_parser parser;
        struct response_field fields[READ_BUFFER_FIELDS];
        size_t start, end; /* of what came and is not used */
        char bytes[READ_BUFFER_ROOM];
};

struct pool;
struct upstream_request;

struct upstream_connection {
        struct watch watch;
        struct pool *pool;
        struct endpoint *endpoint;
        struct upstream_request *request; /* NULL: kept for the next */
        struct read_buffer *buffer;       /* NULL: nothing of the answer came yet */
        int64_t until_us;                 /* older ones are not used again */
        int64_t idle_us;                  /* since when it is kept */
        bool reused;
        bool readable, writable, hung_up;
        TAILQ_ENTRY(upstream_connection)
        beside; /* among the kept ones, the last used first, or those at work */
};

TAILQ_HEAD(upstream_connections, upstream_connection);

/* Bytes, 0: nothing now, -1: the connection is broken, why in errno. */
long upstream_connection_send(struct upstream_connection *connection, const char *bytes,
                              size_t len);
/* Bytes, 0: nothing now, -1: closed (errno 0) or broken. */
long upstream_connection_receive_to(struct upstream_connection *connection, char *to, size_t room);
/* The same, behind what the buffer holds, at most so much; 0 also when it is full. */
long upstream_connection_receive(struct upstream_connection *connection, size_t most);
/* Looks whether the other side has closed or spoken unasked. */
bool upstream_connection_is_fresh(struct upstream_connection *connection);

#endif
