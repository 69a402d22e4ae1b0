#include "gateway/upstream/connection.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

long upstream_connection_send(struct upstream_connection *l, const char *bytes, size_t len)
{
        ssize_t n;

        if (!l->writable)
                return 0;
        do
                n = send(l->watch.fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        if (n >= 0 || errno != EAGAIN)
                return n;
        l->writable = false;
        return 0;
}

/* The descriptor is watched by edges: after a short read nothing is left but a close that was
   already told of. */
long upstream_connection_receive_to(struct upstream_connection *l, char *to, size_t room)
{
        ssize_t n;

        if (!l->readable || !room)
                return 0;
        do
                n = recv(l->watch.fd, to, room, MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        if (n > 0) {
                l->readable = (size_t)n == room || l->hung_up;
                return n;
        }
        if (n < 0 && errno == EAGAIN) {
                l->readable = false;
                return 0;
        }
        if (n == 0)
                errno = 0;
        return -1;
}

long upstream_connection_receive(struct upstream_connection *l, size_t most)
{
        struct read_buffer *d = l->buffer;
        size_t room;
        long n;

        if (d->start) {
                memmove(d->bytes, d->bytes + d->start, d->end - d->start);
                d->end -= d->start;
                d->start = 0;
        }
        room = sizeof d->bytes - d->end;
        n = upstream_connection_receive_to(l, d->bytes + d->end, most < room ? most : room);
        if (n > 0)
                d->end += (size_t)n;
        return n;
}

bool upstream_connection_is_fresh(struct upstream_connection *l)
{
        char byte;

        return recv(l->watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}
