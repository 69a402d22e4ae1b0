/* listener - the listening socket and the thread that accepts.

   A thread of our own rather than the library's, so that the listener can close while requests go
   on, and so that connections above the limit wait in the backlog instead of being closed, until
   one of those open closes or an idle one makes room. */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include "base/error.h"

#include <sys/socket.h>

struct listener;

struct listener_config {
        const char *address;
        int port, max_connections;
        /* false when the connection could not be taken (its descriptor is closed then all the
           same) */
        bool (*take)(void *arg, int fd, const struct sockaddr *peer, socklen_t len);
        /* A connection waits and there is no room: an idle one may be closed */
        void (*make_room)(void *arg);
        void *arg;
};

struct listener *listener_open(const struct listener_config *config, struct error *error);
int listener_port(const struct listener *listener);
void listener_start(struct listener *listener);
/* A connection that was taken is closed. Any thread. */
void listener_closed(struct listener *listener);
/* How many of those that were taken are open. */
int listener_open_count(const struct listener *listener);
/* Connections in the backlog are still taken; then no more. The listener itself lives until
   listener_close. */
void listener_stop(struct listener *listener);
void listener_close(struct listener **listener);

#endif
