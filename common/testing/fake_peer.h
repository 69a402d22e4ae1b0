/* fake_peer - for tests only: stands for another service. It answers with the bytes that the test
   gave, or gives for each request, or not at all, counts the requests and keeps the last one. */
#ifndef TESTING_FAKE_PEER_H
#define TESTING_FAKE_PEER_H

#include "base/clock.h"
#include "testing/check.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEER_CONNECTIONS = 100, PEER_LOOK_MS = 5 };

static struct {
        pthread_t thread;
        pthread_mutex_t lock;                          /* of all below */
        const char *answer;                            /* to each request; NULL: none, it waits */
        const char *(*answer_to)(const char *request); /* instead; set it before peer_open */
        bool hangs_up;                                 /* after its answer */
        bool stop;
        int port, count, requests, connections;
        struct pollfd fds[PEER_CONNECTIONS]; /* the first one listens */
        char heard[8000];                    /* the last request */
} peer = {.lock = PTHREAD_MUTEX_INITIALIZER};

static inline void peer_drop(int i)
{
        close(peer.fds[i].fd);
        peer.fds[i] = peer.fds[--peer.count];
}

/* A request comes in one piece here. False: the connection is over. */
static inline bool peer_serve(int fd)
{
        ssize_t n = recv(fd, peer.heard, sizeof peer.heard - 1, 0);

        if (n <= 0)
                return false;
        peer.heard[n] = '\0';
        peer.requests++;
        if (peer.answer_to)
                peer.answer = peer.answer_to(peer.heard);
        if (!peer.answer)
                return true;
        return send(fd, peer.answer, strlen(peer.answer), MSG_NOSIGNAL) > 0 && !peer.hangs_up;
}

static inline void peer_look(void)
{
        for (int i = peer.count - 1; i > 0; i--)
                if (peer.fds[i].revents && !peer_serve(peer.fds[i].fd))
                        peer_drop(i);
        if (peer.fds[0].revents && peer.count < PEER_CONNECTIONS) {
                peer.fds[peer.count++] =
                        (struct pollfd){.fd = accept(peer.fds[0].fd, NULL, NULL), .events = POLLIN};
                peer.connections++;
        }
}

static inline void *peer_run(void *arg)
{
        bool stop = false;

        (void)arg;
        while (!stop) {
                poll(peer.fds, (nfds_t)peer.count,
                     PEER_LOOK_MS); /* only this thread changes them */
                pthread_mutex_lock(&peer.lock);
                peer_look();
                stop = peer.stop;
                pthread_mutex_unlock(&peer.lock);
        }
        return NULL;
}

static inline void peer_says(const char *answer)
{
        pthread_mutex_lock(&peer.lock);
        peer.answer = answer;
        pthread_mutex_unlock(&peer.lock);
}

static inline int peer_requests(void)
{
        int requests;

        pthread_mutex_lock(&peer.lock);
        requests = peer.requests;
        pthread_mutex_unlock(&peer.lock);
        return requests;
}

/* The last request. */
static inline const char *peer_heard(void)
{
        static char heard[sizeof peer.heard];

        pthread_mutex_lock(&peer.lock);
        memcpy(heard, peer.heard, sizeof heard);
        pthread_mutex_unlock(&peer.lock);
        return heard;
}

static inline void peer_open(const char *answer, bool hangs_up)
{
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof at;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        check(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
              listen(fd, PEER_CONNECTIONS) == 0);
        getsockname(fd, (struct sockaddr *)&at, &len);
        peer.port = ntohs(at.sin_port);
        peer.answer = answer;
        peer.hangs_up = hangs_up;
        peer.stop = false;
        peer.requests = peer.connections = 0;
        peer.fds[0] = (struct pollfd){.fd = fd, .events = POLLIN};
        peer.count = 1;
        check(pthread_create(&peer.thread, NULL, peer_run, NULL) == 0);
}

static inline void peer_close(void)
{
        pthread_mutex_lock(&peer.lock);
        peer.stop = true;
        pthread_mutex_unlock(&peer.lock);
        pthread_join(peer.thread, NULL);
        while (peer.count)
                peer_drop(peer.count - 1);
}

#endif
