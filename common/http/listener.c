#include "http/listener.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/thread.h"

#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
        BACKLOG = 4096,
        PAUSE_MS = 100,
        HANDSHAKE_MS = 1, /* a round trip within a cluster takes less */
        TCP_FLAGS = 13,   /* their place in the header, RFC 9293, 3.1 */
        SYN = 2,
        ACK = 16,
};

struct listener {
        struct listener_config config;
        int fd, wake; /* wake: stop, or there is room again */
        int port;
        pthread_t thread;
        bool running;
        atomic_bool stop, full;
        _Atomic int taken; /* connections open now */
};

static int socket_bind(const struct addrinfo *at)
{
        int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                        at->ai_protocol);
        int yes = 1, no = 0, reason;

        if (fd < 0)
                return -1;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes); /* accepted ones inherit it */
        if (at->ai_family == AF_INET6)
                setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
        if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
                return fd;
        reason = errno;
        close(fd);
        errno = reason;
        return -1;
}

static int socket_open(const char *address, int port, struct error *error)
{
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                 .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
                        *list, *at;
        char service[16];
        int fd = -1, failed;

        snprintf(service, sizeof service, "%d", port);
        failed = getaddrinfo(address, service, &hints, &list);
        if (failed) {
                error_set(error, ERROR_BAD_INPUT, "cannot listen on '%s': %s", address,
                          gai_strerror(failed));
                return -1;
        }
        for (at = list; at && fd < 0; at = at->ai_next)
                fd = socket_bind(at);
        if (fd < 0)
                error_set(error, ERROR_UNAVAILABLE, "cannot listen on %s, port %d: %s", address,
                          port, strerror(errno));
        freeaddrinfo(list);
        return fd;
}

static int socket_port(int fd)
{
        struct sockaddr_storage at = {0};
        struct sockaddr_in6 v6;
        struct sockaddr_in v4;
        socklen_t len = sizeof at;

        getsockname(fd, (struct sockaddr *)&at, &len);
        if (at.ss_family == AF_INET6) {
                memcpy(&v6, &at, sizeof v6);
                return ntohs(v6.sin6_port);
        }
        memcpy(&v4, &at, sizeof v4);
        return ntohs(v4.sin_port);
}

struct listener *listener_open(const struct listener_config *config, struct error *error)
{
        int fd = socket_open(config->address, config->port, error);
        struct listener *l;

        if (fd < 0)
                return NULL;
        l = memory_alloc(sizeof *l);
        l->config = *config;
        l->fd = fd;
        l->port = socket_port(fd);
        l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        return l;
}

int listener_port(const struct listener *l)
{
        return l->port;
}

int listener_open_count(const struct listener *l)
{
        return atomic_load(&l->taken);
}

static void wake(struct listener *l)
{
        uint64_t one = 1;
        ssize_t written = write(l->wake, &one, sizeof one);

        (void)written; /* full means awake */
}

static bool is_full(struct listener *l)
{
        if (atomic_load(&l->taken) < l->config.max_connections)
                return false;
        /* set it before we look again: a connection that closes in between sees it and wakes us */
        atomic_store(&l->full, true);
        if (atomic_load(&l->taken) >= l->config.max_connections)
                return true;
        atomic_store(&l->full, false);
        return false;
}

void listener_closed(struct listener *l)
{
        atomic_fetch_sub(&l->taken, 1);
        if (atomic_load(&l->full))
                wake(l);
}

/* false: nothing more now */
static bool accept_one(struct listener *l)
{
        struct sockaddr_storage peer;
        socklen_t len = sizeof peer;
        int fd = accept4(l->fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0) {
                atomic_fetch_add(&l->taken, 1);
                if (!l->config.take(l->config.arg, fd, (struct sockaddr *)&peer, len))
                        atomic_fetch_sub(&l->taken, 1);
                return true;
        }
        if (errno == EAGAIN)
                return false;
        /* out of descriptors or memory: we wait until a connection closes, instead of spinning */
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                poll(NULL, 0, PAUSE_MS);
                return false;
        }
        return errno == ECONNABORTED || errno == EINTR ||
               errno == EPROTO; /* that client gave up: the next */
}

static void accept_all(struct listener *l)
{
        while (!is_full(l) && accept_one(l))
                ;
}

/* When the socket closes, a connection that is established but not accepted is reset, and its
   client cannot know whether its request was read. So from here on no handshake begins (the
   client's kernel tries again a second later, and is refused then, or finds another server), and
   those that have begun get time to end. */
static void say_good_bye(struct listener *l)
{
        struct sock_filter no_syn[] = {
                BPF_STMT(BPF_LD | BPF_B | BPF_ABS, TCP_FLAGS),
                BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, 0),
                BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        };
        struct sock_fprog program = {sizeof no_syn / sizeof *no_syn, no_syn};
        int64_t end_us = clock_mono_us() + HANDSHAKE_MS * 1000, left_us;

        setsockopt(l->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
        while (!is_full(l) && (left_us = end_us - clock_mono_us()) > 0) {
                struct pollfd fd = {.fd = l->fd, .events = POLLIN};

                poll(&fd, 1, (int)(left_us / 1000 + 1));
                accept_all(l);
        }
}

static void wake_take(struct listener *l)
{
        uint64_t count;
        ssize_t n = read(l->wake, &count, sizeof count);

        (void)n;
        atomic_store(&l->full, false);
}

static void *run(void *arg)
{
        struct listener *l = arg;
        bool asked = false; /* for room, which takes a moment if it comes at all */

        for (;;) {
                bool stop = atomic_load(&l->stop), full = is_full(l), waits = full && asked;
                struct pollfd fds[] = {{.fd = l->wake, .events = POLLIN},
                                       {.fd = waits ? -1 : l->fd, .events = POLLIN}};

                poll(fds, 2, stop ? 0 : waits ? PAUSE_MS : -1);
                if (fds[0].revents)
                        wake_take(l);
                asked = full && !waits && fds[1].revents;
                if (asked)
                        l->config.make_room(l->config.arg);
                accept_all(l);
                if (stop)
                        break;
        }
        say_good_bye(l);
        close(l->fd);
        return NULL;
}

void listener_start(struct listener *l)
{
        l->thread = thread_start("listener", run, l);
        l->running = true;
}

void listener_stop(struct listener *l)
{
        if (!l->running)
                return;
        atomic_store(&l->stop, true);
        wake(l);
        pthread_join(l->thread, NULL);
        l->running = false;
        l->fd = -1;
}

void listener_close(struct listener **listener)
{
        struct listener *l = *listener;

        if (!l)
                return;
        *listener = NULL;
        listener_stop(l);
        if (l->fd >= 0)
                close(l->fd);
        close(l->wake);
        free(l);
}
