#include "http/deadline.h"

#include "base/thread.h"
#include "http/answer.h"
#include "http/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A look comes late if the whole process did not run (frozen, starved, throttled): we count at most
   LATE_MS of that time. */
enum {
        LOOK_MS = 100,
        LATE_MS = 300,
        AGAIN_MS = 300,
        STUCK_LOOKS = 30,
        LINGER_MS = 1000,
        LINGERING = 64,
        READ_SIZE = 1 << 16,
        READS = 64
};

struct lingering {
        int fd;
        bool sends_on; /* the client may still send: it has not closed, and the end that we read was
                          our own shutdown */
        int64_t until_ms;
};

struct deadlines {
        struct http_server *server;
        pthread_t thread;
        /* the thread's own: it reads without the lock */
        int64_t looked_ms; /* monotonic */
        int count;
        struct lingering lingering[LINGERING];
        pthread_mutex_t lock; /* of all below */
        pthread_cond_t wake;
        bool stop;
        int held, arrived; /* how many the thread has at most; how many wait to be taken over */
        struct lingering arrivals[LINGERING];
};

/* Answers past the library and shuts both directions, which the library cannot miss. */
static void end_now(struct connection *c, int status)
{
        atomic_store(&c->linger, true);
        answer_cut_short(c->server, c->fd, status);
        shutdown(c->fd, SHUT_RDWR);
}

/* After the reading half is shut, the library still reads the bytes that are there, and a client
   that goes on sending keeps it from the end. So a second look, a little later, answers 408 and
   ends the connection. */
static void connection_look(struct connection *c, int64_t now)
{
        int64_t deadline = atomic_load_explicit(&c->deadline_ms, memory_order_relaxed);
        int phase = atomic_load_explicit(&c->phase, memory_order_acquire);
        bool again = atomic_load(&c->overdue), last = again || phase == PHASE_WRITING;

        if (deadline > now || !atomic_compare_exchange_strong(&c->deadline_ms, &deadline,
                                                              last ? INT64_MAX : now + AGAIN_MS))
                return;
        atomic_store(&c->overdue, true);
        if (again && (phase == PHASE_HEADER || phase == PHASE_BODY))
                end_now(c, 408);
        else
                shutdown(c->fd, last ? SHUT_RDWR : SHUT_RD);
}

/* If the line of a chunk's size is larger than the library's buffer, it waits for room for ever and
   does not look at its socket. It sends nothing meanwhile, so the answer may be ours. */
static void stuck_look(struct connection *c)
{
        unsigned pieces = atomic_load_explicit(&c->pieces, memory_order_relaxed);
        bool moves = pieces != c->pieces_seen;
        int unread = 0;

        c->pieces_seen = pieces;
        if (moves || atomic_load_explicit(&c->phase, memory_order_acquire) != PHASE_BODY ||
            ioctl(c->fd, FIONREAD, &unread) != 0 || !unread)
                c->stuck = 0;
        else if (++c->stuck == STUCK_LOOKS)
                end_now(c, 400);
}

/* If this process stood still, the client's bytes wait in the socket: they are read before its time
   is up. */
static int64_t clock_move(struct deadlines *d)
{
        int64_t real = clock_mono_us() / 1000, passed = real - d->looked_ms;
        int64_t now = atomic_load_explicit(&d->server->now_ms, memory_order_relaxed) +
                      (passed < LATE_MS ? passed : LATE_MS);

        d->looked_ms = real;
        atomic_store_explicit(&d->server->now_ms, now, memory_order_relaxed);
        return now;
}

static void look(struct deadlines *d)
{
        struct http_server *s = d->server;
        int64_t now = clock_move(d);

        pthread_mutex_lock(&s->lock);
        for (struct connection *c = LIST_FIRST(&s->connections); c; c = LIST_NEXT(c, beside))
                connection_look(c, now), stuck_look(c);
        pthread_mutex_unlock(&s->lock);
}

static bool client_ended(int fd)
{
        struct tcp_info info = {0};
        socklen_t len = sizeof info;

        if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
                return true;
        return info.tcpi_state != TCP_ESTABLISHED && info.tcpi_state != TCP_FIN_WAIT1 &&
               info.tcpi_state != TCP_FIN_WAIT2;
}

/* Reads what is there; true while more may come. */
static bool linger_read(struct lingering *l, int64_t now)
{
        char bytes[READ_SIZE];
        ssize_t n = 1;
        bool nothing;

        for (int i = 0; i < READS && n > 0; i++)
                n = recv(l->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        nothing = n < 0 && (errno == EAGAIN || errno == EINTR);
        l->sends_on = n >= 0 && !client_ended(l->fd);
        return (n > 0 || nothing || l->sends_on) && now < l->until_ms;
}

/* After the reading half is shut, the kernel opens its window no further, however much we read. A
   client that waits in a write would not learn of our close for another minute (tcp_fin_timeout); a
   reset tells it at once. */
static void linger_end(const struct lingering *l)
{
        const struct linger reset = {.l_onoff = 1, .l_linger = 0};

        if (l->sends_on)
                setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(l->fd);
}

static void linger(struct deadlines *d, int64_t now)
{
        for (int i = 0; i < d->count;) {
                if (linger_read(&d->lingering[i], now)) {
                        i++;
                        continue;
                }
                linger_end(&d->lingering[i]);
                d->lingering[i] = d->lingering[--d->count];
        }
}

void deadline_linger(struct deadlines *d, int fd)
{
        int copy;

        pthread_mutex_lock(&d->lock);
        if (d->held + d->arrived < LINGERING && (copy = fcntl(fd, F_DUPFD_CLOEXEC, 0)) >= 0)
                d->arrivals[d->arrived++] =
                        (struct lingering){copy, false, clock_mono_us() / 1000 + LINGER_MS};
        pthread_mutex_unlock(&d->lock);
}

/* Under the lock. */
static void take_arrivals(struct deadlines *d)
{
        while (d->arrived)
                d->lingering[d->count++] = d->arrivals[--d->arrived];
        d->held = d->count;
}

static void sleep_a_bit(struct deadlines *d)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_nsec += LOOK_MS * 1000000L;
        if (t.tv_nsec >= 1000000000) {
                t.tv_nsec -= 1000000000;
                t.tv_sec++;
        }
        pthread_cond_timedwait(&d->wake, &d->lock, &t);
}

static void *run(void *arg)
{
        struct deadlines *d = arg;

        pthread_mutex_lock(&d->lock);
        while (!d->stop) {
                sleep_a_bit(d);
                take_arrivals(d);
                pthread_mutex_unlock(&d->lock);
                linger(d, clock_mono_us() / 1000);
                look(d);
                pthread_mutex_lock(&d->lock);
        }
        pthread_mutex_unlock(&d->lock);
        return NULL;
}

struct deadlines *deadlines_open(struct http_server *server)
{
        struct deadlines *d = memory_alloc(sizeof *d);
        pthread_condattr_t monotonic;

        d->server = server;
        pthread_mutex_init(&d->lock, NULL);
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&d->wake, &monotonic);
        pthread_condattr_destroy(&monotonic);
        d->looked_ms = clock_mono_us() / 1000;
        atomic_store(&server->now_ms, d->looked_ms);
        d->thread = thread_start("deadlines", run, d);
        return d;
}

void deadlines_close(struct deadlines **deadlines)
{
        struct deadlines *d = *deadlines;

        if (!d)
                return;
        *deadlines = NULL;
        pthread_mutex_lock(&d->lock);
        d->stop = true;
        pthread_cond_signal(&d->wake);
        pthread_mutex_unlock(&d->lock);
        pthread_join(d->thread, NULL);
        take_arrivals(d);
        while (d->count)
                linger_end(&d->lingering[--d->count]);
        pthread_cond_destroy(&d->wake);
        pthread_mutex_destroy(&d->lock);
        free(d);
}
