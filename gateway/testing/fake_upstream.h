/* fake_upstream - for tests: a server on a thread of its own. It sends the answers that it is
   given, byte for byte, counts requests and connections, and keeps the last request. One connection
   at a time. */
#ifndef GATEWAY_TESTING_FAKE_UPSTREAM_H
#define GATEWAY_TESTING_FAKE_UPSTREAM_H

#include "testing/check.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake {
        const char *answers[4]; /* one for each request; NULL: none, it waits; "": it closes */
        bool closes;            /* after each answer */
        bool reset;             /* with RST instead of FIN */
        int listener, port;
        pthread_t thread;
        atomic_int requests, connections;
        atomic_bool stop;
        char hearing[8192], heard[8192]; /* the last whole request; read after fake_close */
};

static bool fake_is_whole(const char *text, size_t len)
{
        const char *end = memmem(text, len, "\r\n\r\n", 4),
                   *field = strcasestr(text, "\r\nContent-Length:");
        size_t body = field && field < end ? strtoul(field + 17, NULL, 10) : 0;

        if (end && strcasestr(text, "\r\nTransfer-Encoding: chunked\r\n"))
                return strstr(end, "\r\n0\r\n\r\n") != NULL;
        return end && len >= (size_t)(end + 4 - text) + body;
}

static bool fake_wait(struct fake *f, int fd)
{
        struct pollfd p = {.fd = fd, .events = POLLIN};

        while (!atomic_load(&f->stop))
                if (poll(&p, 1, 10) > 0)
                        return true;
        return false;
}

static bool fake_hear(struct fake *f, int fd)
{
        size_t len = 0;
        ssize_t n;

        f->hearing[0] = '\0';
        while (!fake_is_whole(f->hearing, len)) {
                if (!fake_wait(f, fd) || len + 1 >= sizeof f->hearing)
                        return false;
                n = recv(fd, f->hearing + len, sizeof f->hearing - 1 - len, 0);
                if (n <= 0)
                        return false;
                len += (size_t)n;
                f->hearing[len] = '\0';
        }
        strcpy(f->heard, f->hearing);
        return true;
}

static void fake_serve(struct fake *f, int fd)
{
        while (fake_hear(f, fd)) {
                int n = atomic_fetch_add(&f->requests, 1);
                const char *answer = n < 4 ? f->answers[n] : NULL;

                if (!answer)
                        continue;
                if (!*answer || send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0 || f->closes)
                        return;
        }
}

static void *fake_run(void *arg)
{
        struct fake *f = arg;
        struct linger hard = {.l_onoff = 1};

        while (fake_wait(f, f->listener)) {
                int fd = accept(f->listener, NULL, NULL);

                atomic_fetch_add(&f->connections, 1);
                fake_serve(f, fd);
                if (f->reset)
                        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
                close(fd);
        }
        return NULL;
}

static void fake_open(struct fake *f)
{
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof a;

        f->listener = socket(AF_INET, SOCK_STREAM, 0);
        check(bind(f->listener, (struct sockaddr *)&a, sizeof a) == 0 &&
              listen(f->listener, 16) == 0);
        getsockname(f->listener, (struct sockaddr *)&a, &len);
        f->port = ntohs(a.sin_port);
        check(pthread_create(&f->thread, NULL, fake_run, f) == 0);
}

static void fake_close(struct fake *f)
{
        atomic_store(&f->stop, true);
        pthread_join(f->thread, NULL);
        close(f->listener);
}

#endif
