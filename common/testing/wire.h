/* wire - for fuzz harnesses only: a whole HTTP server in this process, and a client at the other
   end of a connection that plays an input. The connection is one of loopback, because libmicrohttpd
   and our code query the TCP socket; the harness chooses the address that the server takes for the
   client's.

   The input is the client's bytes (testing/fuzz.h). Its marks: `|` the server reads the bytes so
   far before more come; `?` the client waits for an answer; `H` half-close; `N` a new connection;
   `X` the client resets the connection. A first mark `U`: the client is no trusted proxy. At the
   end the client half-closes and reads on until the server closes.

   In a piece `Content-Length: *` is the length of the bytes after its head. FUZZ_SHOW=1 shows the
   answers. For every input: each answer is complete, the connection ends soon and gives its memory
   back, an idle one holds hardly any memory, and the next request is answered. */
#ifndef TESTING_WIRE_H
#define TESTING_WIRE_H

#include "base/log.h"
#include "base/metrics_process.h"
#include "http/connection.h"
#include "http/worker.h"
#include "service/actuator.h"
#include "service/settings.h"
#include "testing/fuzz.h"
#include "testing/wire_talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
        WIRE_PATIENCE_MS = 6000, /* the server itself gives a stuck body 3 s */
        WIRE_READ_MS = 50,       /* for a piece to be read, or an answer to come */
        WIRE_MOST = 3 << 19,     /* bytes of one input, unfolded */
        WIRE_IDLE_BYTES = 64 << 10,
        WIRE_SAID = 30000, /* of a head that must be answered; the limit is 32 KiB */
};

/* Each harness has its own check of an answer. */
static void wire_check_answer(const char *answer, size_t len);

static struct {
        struct process process; /* the actuator's process */
        struct daemon daemon;
        struct http_handler handler; /* what the actuator does not answer */
        struct http_server *server;
        struct arena *arena;
        struct sockaddr_in listening;
        int listener, dialled;
        char *heard;
        size_t heard_len;
        char said[WIRE_SAID + 1]; /* on this connection, as far as there is room */
        size_t said_len;
} wire;

static enum http_result wire_handle(struct http_request *r, void *arg)
{
        (void)arg;
        if (!actuator_owns(r->path))
                return wire.handler.handle(r, wire.handler.arg);
        actuator_handle(&wire.process, r, true);
        return HTTP_ANSWERED;
}

static void wire_finish(struct http_request *r, void *arg)
{
        (void)arg;
        wire.handler.finish(r, wire.handler.arg);
}

/* All settings have a daemon's defaults. */
static inline void wire_configure(const char *name, bool shy, const struct setting *own)
{
        static char *none[] = {NULL}, program[] = "fuzz", *argv[] = {program, NULL};
        struct error e = {0};

        wire.daemon = (struct daemon){.name = name, .summary = name, .shy = shy};
        wire.process.daemon = &wire.daemon;
        log_open(name, true, LOG_ERROR);
        wire.arena = arena_open();
        wire.process.config = config_open(settings_of(8080, own, wire.arena), 1, argv, none, &e);
        fuzz_must(wire.process.config, "settings: %s", e.text);
        wire.process.metrics = metrics_open();
        metrics_process_add(wire.process.metrics);
        wire.heard = memory_alloc(WIRE_MOST * 4);
}

static inline void wire_listen(void)
{
        socklen_t len = sizeof wire.listening;

        wire.listening = (struct sockaddr_in){.sin_family = AF_INET,
                                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        wire.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        fuzz_must(bind(wire.listener, (struct sockaddr *)&wire.listening, len) == 0 &&
                          listen(wire.listener, 8) == 0,
                  "the client's way");
        getsockname(wire.listener, (struct sockaddr *)&wire.listening, &len);
}

static inline void wire_open(struct http_handler handler, size_t max_body)
{
        struct http_config config = {
                .address = "127.0.0.1",
                .threads = 1,
                .max_body = max_body,
                .max_target = 8192,
                .max_header = 32768,
                .max_fields = 100,
                .header_ms = 10000,
                .body_ms = 10000,
                .max_connections = 200,
                .trusted_proxies = "127.0.0.0/8",
                .metrics = wire.process.metrics,
        };
        struct error e = {0};

        if (!wire.listener)
                wire_listen();
        wire.handler = handler;
        config.handler = (struct http_handler){wire_handle, wire_finish, NULL, handler.streams};
        wire.server = wire.process.server = http_server_open(&config, &e);
        fuzz_must(wire.server, "the server: %s", e.text);
}

/* ---- what the server holds ---- */

struct wire_wait {
        struct task task;
        sem_t over;
};

static inline void wire_met(struct task *task)
{
        sem_post(&((struct wire_wait *)task)->over);
}

/* Waits until the worker's thread has ended a round. */
static inline void wire_meet(void)
{
        for (int i = 0; i < 2; i++) {
                struct wire_wait w = {.task.run = wire_met};

                sem_init(&w.over, 0, 0);
                loop_post(wire.server->workers->loop, &w.task);
                while (sem_wait(&w.over) != 0)
                        ;
                sem_destroy(&w.over);
        }
}

static inline void wire_until_gone(void)
{
        int64_t end = clock_mono_us() + WIRE_PATIENCE_MS * 1000LL;

        while (atomic_load(&wire.server->workers->connections)) {
                fuzz_must(clock_mono_us() < end, "a connection is never given back");
                wire_meet();
        }
        wire_meet();
}

static inline bool wire_is_idle(void)
{
        wire_meet();
        return connection_count(wire.server, PHASE_FRESH, PHASE_WRITING) == 1 &&
               connection_count(wire.server, PHASE_IDLE, PHASE_IDLE) == 1;
}

/* ---- the client ---- */

/* From one address after the other: each has a limited number of ports, and a closed one is in
   TIME_WAIT for a minute. */
static inline int wire_connect(void)
{
        struct sockaddr_in from = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 256u +
                                                            (unsigned)(wire.dialled++ % 250))};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
        struct pollfd made = {.fd = fd, .events = POLLOUT};

        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        fuzz_must(bind(fd, (struct sockaddr *)&from, sizeof from) == 0, "bind: %s",
                  strerror(errno));
        /* the fuzzer's alarm may interrupt connect(), which goes on in the background */
        if (connect(fd, (struct sockaddr *)&wire.listening, sizeof wire.listening) != 0)
                fuzz_must(errno == EINTR && poll(&made, 1, WIRE_PATIENCE_MS) >= 0, "connect: %s",
                          strerror(errno));
        return fd;
}

static inline int wire_dial(bool trusted)
{
        struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(4711)};
        int fd = wire_connect(), accepted;

        do
                accepted = accept4(wire.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        while (accepted < 0 && errno == EINTR);
        inet_pton(AF_INET, trusted ? "127.0.0.1" : "203.0.113.9", &peer.sin_addr);
        fuzz_must(accepted >= 0, "accept: %s", strerror(errno));
        wire.heard_len = wire.said_len = 0;
        wire.said[0] = '\0';
        worker_take(wire.server->workers, accepted, (struct sockaddr *)&peer, sizeof peer);
        return fd;
}

static inline void wire_reset(int fd)
{
        struct linger hard = {.l_onoff = 1};

        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(fd);
}

/* Reads what is there; false: the other side has ended. */
static inline bool wire_hear(int fd)
{
        for (;;) {
                ssize_t n = recv(fd, wire.heard + wire.heard_len,
                                 WIRE_MOST * 4 - wire.heard_len - 1, MSG_DONTWAIT);

                if (n <= 0)
                        return n < 0 && errno == EAGAIN;
                wire.heard_len += (size_t)n;
        }
}

static inline void wire_note(const char *bytes, size_t len)
{
        size_t left = WIRE_SAID - wire.said_len;

        memcpy(wire.said + wire.said_len, bytes, len < left ? len : left);
        wire.said_len += len < left ? len : left;
        wire.said[wire.said_len] = '\0';
}

/* False: the other side has ended, or does not read. */
static inline bool wire_say(int fd, const char *bytes, size_t len)
{
        int64_t end = clock_mono_us() + WIRE_PATIENCE_MS * 1000LL;

        while (len && clock_mono_us() < end) {
                struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
                ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n > 0) {
                        wire_note(bytes, (size_t)n);
                        bytes += n;
                        len -= (size_t)n;
                        continue;
                }
                if (errno != EAGAIN || !wire_hear(fd))
                        return false;
                poll(&p, 1, 100);
        }
        return !len;
}

static inline void wire_until_answered(int fd)
{
        struct pollfd p = {.fd = fd, .events = POLLIN};

        poll(&p, 1, WIRE_READ_MS);
        wire_meet();
        wire_hear(fd);
}

/* The bytes that the server has not read. */
static inline int wire_unread(void)
{
        struct http_server *s = wire.server;
        int all = 0, unread;

        pthread_mutex_lock(&s->lock);
        for (struct connection *c = LIST_FIRST(&s->connections); c; c = LIST_NEXT(c, beside))
                all += c->fd >= 0 && ioctl(c->fd, FIONREAD, &unread) == 0 ? unread : 0;
        pthread_mutex_unlock(&s->lock);
        return all;
}

static inline void wire_until_read(void)
{
        int64_t end = clock_mono_us() + WIRE_READ_MS * 1000;

        do
                wire_meet();
        while (wire_unread() && clock_mono_us() < end);
        wire_meet();
}

/* Reads until the server closes. */
static inline void wire_hear_all(int fd)
{
        int64_t end = clock_mono_us() + WIRE_PATIENCE_MS * 1000LL;
        struct pollfd p = {.fd = fd, .events = POLLIN};

        while (wire_hear(fd)) {
                fuzz_must(clock_mono_us() < end, "neither an answer nor an end");
                poll(&p, 1, 100);
        }
        close(fd);
        wire.heard[wire.heard_len] = '\0';
        if (getenv("FUZZ_SHOW"))
                fprintf(stderr, "---- heard %zu bytes ----\n%s\n", wire.heard_len, wire.heard);
        fuzz_must(wire.heard_len || !wire_is_sound(wire.said), "no answer to %.200s", wire.said);
        wire_check_answer(wire.heard, wire.heard_len);
}

/* Waits until all requests are answered. */
static inline void wire_settle(int fd)
{
        int64_t end = clock_mono_us() + WIRE_PATIENCE_MS * 1000LL;
        struct pollfd p = {.fd = fd, .events = POLLIN};

        wire_until_read();
        while (connection_count(wire.server, PHASE_BUSY, PHASE_WRITING) && wire_hear(fd)) {
                fuzz_must(clock_mono_us() < end, "a request is never answered");
                poll(&p, 1, 1);
                wire_meet();
        }
}

/* Half-close. For a proxy, a client that half-closes before the answer is complete has lost
   interest. */
static inline void wire_end(int fd)
{
        wire_settle(fd);
        shutdown(fd, SHUT_WR);
        wire_hear_all(fd);
}

/* Ends an idle connection, and checks how much memory it held. */
static inline void wire_weigh(int fd)
{
        size_t with, without;

        with = __sanitizer_get_current_allocated_bytes();
        wire_end(fd);
        wire_until_gone();
        without = __sanitizer_get_current_allocated_bytes();
        fuzz_must(with <= without + WIRE_IDLE_BYTES, "an idle connection holds %zu bytes",
                  with - without);
}

static inline struct fuzz_piece wire_measure(struct arena *arena, struct fuzz_piece piece)
{
        static const char field[] = "Content-Length: *\r\n";
        const char *star = memmem(piece.at, piece.len, field, sizeof field - 1),
                   *end = star ? strstr(star, "\r\n\r\n") : NULL;
        struct text said = text_open(arena, end ? piece.len + 20 : 0);

        if (!end)
                return piece;
        star += sizeof field - 4;
        text_add(&said, piece.at, (size_t)(star - piece.at));
        text_int(&said, (int64_t)piece.len - (end + 4 - piece.at));
        text_add(&said, star + 1, piece.len - (size_t)(star + 1 - piece.at));
        return (struct fuzz_piece){said.at, said.len, piece.mark};
}

/* Plays the pieces at *at. Returns 0 at the end, or a mark that it does not know. */
static inline char wire_play(struct arena *arena, const char **at, const char *end)
{
        const char *begin = *at;
        bool trusted = true, speaks = true;
        int fd = wire_dial(true);
        struct fuzz_piece piece;

        do {
                piece = wire_measure(arena, fuzz_next(arena, at, end, WIRE_MOST));
                speaks = speaks && wire_say(fd, piece.at, piece.len);
                if (piece.mark == 'U' && *at - begin == 3)
                        trusted = false;
                if (piece.mark == 'N' || (piece.mark == 'U' && *at - begin == 3)) {
                        wire_end(fd);
                        fd = wire_dial(trusted);
                        speaks = true;
                } else if (piece.mark == '|') {
                        wire_until_read();
                } else if (piece.mark == 'H') {
                        shutdown(fd, SHUT_WR);
                } else if (piece.mark == '?') {
                        wire_until_answered(fd);
                } else if (piece.mark) {
                        break;
                }
        } while (piece.mark);
        if (piece.mark != 'X')
                wire_settle(fd);
        if (piece.mark == 'X')
                wire_reset(fd);
        else if (wire_is_idle())
                wire_weigh(fd);
        else
                wire_end(fd);
        wire_until_gone();
        return piece.mark;
}

/* A request that is known to be good, and closes. */
static inline void wire_ask(const char *request, const char *wanted)
{
        int fd = wire_dial(true);

        wire_say(fd, request, strlen(request));
        wire_hear_all(fd);
        fuzz_must(strncmp(wire.heard, wanted, strlen(wanted)) == 0,
                  "a good request is answered %.200s", wire.heard);
        wire_until_gone();
}

#endif
