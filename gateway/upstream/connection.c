#include "gateway/upstream/connection.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

long upstream_connection_send(struct upstream_connection *c, const char *bytes, size_t len)
{
        ssize_t n;

        if (!c->writable)
                return 0;
        do
                n = send(c->watch.fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        if (n >= 0)
                return n;
        if (errno == EAGAIN) {
                c->writable = false;
                return 0;
        }
        c->deaf = c->readable = true;
        return -1;
}

/* The descriptor is watched by edges: after a short read nothing is left, unless the upstream has
   hung up, of which we heard. */
long upstream_connection_receive_to(struct upstream_connection *c, char *to, size_t room)
{
        ssize_t n;

        if (!c->readable || !room)
                return 0;
        do
                n = recv(c->watch.fd, to, room, MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        if (n > 0) {
                c->readable = (size_t)n == room || c->hung_up;
                return n;
        }
        if (n < 0 && errno == EAGAIN) {
                c->readable = false;
                return 0;
        }
        if (n == 0)
                errno = 0;
        return -1;
}

long upstream_connection_receive(struct upstream_connection *c, size_t most)
{
        struct read_buffer *b = c->buffer;
        size_t room;
        long n;

        if (b->start) {
                memmove(b->bytes, b->bytes + b->start, b->end - b->start);
                b->end -= b->start;
                b->start = 0;
        }
        room = sizeof b->bytes - b->end;
        n = upstream_connection_receive_to(c, b->bytes + b->end, most < room ? most : room);
        if (n > 0)
                b->end += (size_t)n;
        return n;
}

bool upstream_connection_is_fresh(struct upstream_connection *c)
{
        char byte;

        return recv(c->watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}
