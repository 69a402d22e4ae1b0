/* connection - one connection to an upstream and the bytes on it. A pool owns it; while it carries
   a request, upstream.c uses it. On the loop's thread. */
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

/* What reading an answer needs. A connection has one only while it reads an answer, so that idle
   connections cost little. */
struct read_buffer {
        struct read_buffer *next;
        struct response_parser parser;
        struct response_field fields[READ_BUFFER_FIELDS];
        size_t start, end; /* of the bytes that came and are not used */
        char bytes[READ_BUFFER_ROOM];
};

struct pool;
struct upstream_attempt;

struct upstream_connection {
        struct watch watch;
        struct pool *pool;
        struct endpoint *endpoint;
        struct upstream_attempt *attempt;        /* NULL: kept for the next */
        struct read_buffer *buffer;              /* NULL: nothing of an answer came yet */
        int64_t until_us;                        /* an older one carries no further request */
        int64_t idle_us;                         /* since when it is kept */
        bool reused;                             /* it carried another request before */
        bool readable, writable;                 /* as far as we know: watched by edges */
        bool hung_up;                            /* the upstream sends no more */
        bool deaf;                               /* the upstream reads no more */
        TAILQ_ENTRY(upstream_connection) beside; /* in its pool's `idle`, or among the busy ones */
};

TAILQ_HEAD(upstream_connections, upstream_connection);

/* How many bytes the system took; 0: none for now; -1: the upstream reads no more. After that the
   connection counts as readable: an answer may have come before, or says why. */
long upstream_connection_send(struct upstream_connection *connection, const char *bytes,
                              size_t len);
/* How many bytes came; 0: none for now; -1: closed (errno 0) or broken (errno says why). */
long upstream_connection_receive_to(struct upstream_connection *connection, char *to, size_t room);
/* The same into its buffer, after the bytes there, at most so many; 0 also when it is full. */
long upstream_connection_receive(struct upstream_connection *connection, size_t most);
/* Looks whether the upstream closed it or sent something unasked. A system call. */
bool upstream_connection_is_fresh(struct upstream_connection *connection);

/* Lends it a buffer for one answer, until it is released; is_head: to HEAD. In pool.c. */
void read_buffer_take(struct upstream_connection *connection, bool is_head);

#endif
