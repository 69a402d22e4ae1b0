#include "gateway/link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

long link_send(struct link *l, const char *bytes, size_t len)
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

/* The descriptor is watched by edges: after a short read nothing is left but a close that was already told of. */
long link_receive(struct link *l)
{
        struct desk *d = l->desk;
        size_t room;
        ssize_t n;

        if (d->start) {
                memmove(d->bytes, d->bytes + d->start, d->end - d->start);
                d->end -= d->start;
                d->start = 0;
        }
        room = sizeof d->bytes - d->end;
        if (!l->readable || !room)
                return 0;
        n = recv(l->watch.fd, d->bytes + d->end, room, MSG_DONTWAIT);
        if (n > 0) {
                d->end += (size_t)n;
                l->readable = (size_t)n == room || l->hung_up;
                return n;
        }
        if (n < 0 && errno == EINTR)
                return link_receive(l);
        if (n < 0 && errno == EAGAIN) {
                l->readable = false;
                return 0;
        }
        if (n == 0)
                errno = 0;
        return -1;
}

bool link_is_fresh(struct link *l)
{
        char byte;

        return recv(l->watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}
