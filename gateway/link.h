/* link - one connection to an upstream and the bytes on it; upstream.c's own. On the loop's thread. */
#ifndef GATEWAY_LINK_H
#define GATEWAY_LINK_H

#include "gateway/dial.h"
#include "gateway/reply.h"

#include <stddef.h>
#include <sys/queue.h>

enum {
        DESK_ROOM = 64 << 10, /* the largest head, and what of a body is read at once */
        DESK_FIELDS = 100,
        DESK_MOST_HEAD = 32 << 10,
};

/* What reading an answer needs; lent to a link while it reads one, so that idle ones cost little. */
struct desk {
        struct desk *next;
        struct reply reply;
        struct reply_field fields[DESK_FIELDS];
        size_t start, end; /* of what came and is not used */
        char bytes[DESK_ROOM];
};

struct pool;
struct exchange;

struct link {
        struct watch watch;
        struct pool *pool;
        struct place *place;
        struct exchange *exchange; /* NULL: kept for the next */
        struct desk *desk;         /* NULL: nothing of the answer came yet */
        int64_t until_us;          /* older ones are not used again */
        int64_t idle_us;           /* since when it is kept */
        bool reused;
        bool readable, writable, hung_up;
        TAILQ_ENTRY(link) beside; /* among the kept ones, the last used first, or those at work */
};

TAILQ_HEAD(links, link);

/* Bytes, 0: nothing now, -1: the connection is broken, why in errno. */
long link_send(struct link *link, const char *bytes, size_t len);
/* Bytes, 0: nothing now, -1: closed (errno 0) or broken. */
long link_receive_to(struct link *link, char *to, size_t room);
/* The same, behind what the desk holds, at most so much; 0 also when it is full. */
long link_receive(struct link *link, size_t most);
/* Looks whether the other side has closed or spoken unasked. */
bool link_is_fresh(struct link *link);

#endif
