/* How long a client may take, and what happens after that time. */

#include "base/log.h"
#include "testing/conversation.h"

#include <pthread.h>
#include <stdatomic.h>

enum { PATIENCE_US = 20 * 1000 * 1000 };

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n"

static enum http_result handle(struct http_request *r, void *arg)
{
        struct text body = text_open(r->arena, 64);

        (void)arg;
        if (strcmp(r->path, "/big") == 0) {
                r->answer.status = 200;
                r->answer.len = 32 << 20;
                r->answer.body = arena_alloc(r->arena, r->answer.len);
                return HTTP_ANSWERED;
        }
        text_printf(&body, "body=%zu", r->body_len);
        http_answer_body(r, 200, "text/plain", &body);
        return HTTP_ANSWERED;
}

static struct http_config config_here(void)
{
        return config_of_test((struct http_handler){.handle = handle});
}

/* The status that a client gets in the end if it never finishes; 0: none. */
static int end_of_patience(int port, const char *begin, const char *trickle)
{
        int64_t began = clock_mono_us();
        int fd = dial(port), status;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        bool ended;

        say_text(fd, begin);
        /* ends only with the connection: if each byte moved the deadline, it would never come */
        while (poll(&p, 1, 20) == 0 && clock_mono_us() - began < PATIENCE_US)
                say_text(fd, trickle);
        status = status_of(hear(fd, NULL, &ended));
        check(ended);
        close(fd);
        return status;
}

struct flood {
        const char *begin, *again;
        int status; /* 0: any, or none */
        int fd;
        atomic_bool over;
};

/* The client reads nothing meanwhile: only the end of its connection ends it. */
static void *flood_run(void *arg)
{
        struct flood *f = arg;
        char bytes[1024];
        size_t len = 0;

        while (len + strlen(f->again) <= sizeof bytes)
                memcpy(bytes + len, f->again, strlen(f->again)), len += strlen(f->again);
        say_text(f->fd, f->begin);
        while (send(f->fd, bytes, len, MSG_NOSIGNAL) > 0)
                ;
        atomic_store(&f->over, true);
        return NULL;
}

/* There is always more to read, and others are served by the same thread. */
static void flood_try(struct flood *f, int port)
{
        int64_t end = clock_mono_us() + PATIENCE_US;
        const char *heard;
        pthread_t thread;
        bool ended;

        f->fd = dial(port);
        pthread_create(&thread, NULL, flood_run, f);
        while (!atomic_load(&f->over) && clock_mono_us() < end)
                check_int(status_of(ask(port, GET("/a") "Connection: close\r\n\r\n")), 200);
        check(atomic_load(&f->over));
        shutdown(f->fd, SHUT_WR);
        pthread_join(thread, NULL);
        heard = hear(f->fd, NULL, &ended);
        check(ended);
        if (f->status)
                check_int(status_of(heard), f->status);
        close(f->fd);
}

static void the_deadline_of_a_flood(void)
{
        struct flood rows[] = {
                {.begin = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n",
                 .again = "x",
                 .status = 408},
                {.begin = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                 .again = "1\r\nx\r\n",
                 .status = 408},
                {.begin = "", .again = "\r\n"},
        };
        struct http_config config = config_here();
        struct http_server *s;

        config.threads = 1;
        config.header_ms = config.body_ms = 300;
        config.max_body = 1 << 30;
        s = server_of_test(&config);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                flood_try(&rows[i], http_server_port(s));
        http_server_close(&s, 1000);
}

static void deadlines(void)
{
        static const struct {
                const char *begin, *trickle;
                int status; /* 0: only closed */
        } rows[] = {
                {"", "", 0},
                {"GE", "T", 0},
                {GET("/a"), "X", 408},
                {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n", "x", 408},
                {"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1", "", 408},
        };
        struct http_config config = config_here();
        struct http_server *s;

        config.header_ms = config.body_ms = 300;
        s = server_of_test(&config);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                check_int(end_of_patience(http_server_port(s), rows[i].begin, rows[i].trickle),
                          rows[i].status);
        http_server_close(&s, 1000);
}

static void a_reader_that_does_not_read(void)
{
        struct http_config config = config_here();
        struct http_server *s;
        int fd, small = 2048;
        int64_t end = clock_mono_us() + ANSWER_MS * 1000;

        config.body_ms = 300;
        s = server_of_test(&config);
        fd = dial(http_server_port(s));
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        say_text(fd, GET("/big") "\r\n");
        while (!http_server_in_flight(s) && clock_mono_us() < end)
                poll(NULL, 0, 1);
        check_int(http_server_in_flight(s), 1);
        while (http_server_in_flight(s) && clock_mono_us() < end)
                poll(NULL, 0, 5);
        check_int(http_server_in_flight(s), 0);
        close(fd);
        http_server_close(&s, 1000);
}

/* The deadline thread stands still while it reads on after a refused body: no worker may wait for
   it. */
static struct {
        pthread_mutex_t lock;
        pthread_cond_t change;
        bool closed, reached;
} gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};

/* Replaces recv for all; only the thread that reads on reads so much at a time. */
ssize_t recv(int fd, void *to, size_t size, int flags)
{
        pthread_mutex_lock(&gate.lock);
        while (gate.closed && size == 65536) {
                gate.reached = true;
                pthread_cond_broadcast(&gate.change);
                pthread_cond_wait(&gate.change, &gate.lock);
        }
        pthread_mutex_unlock(&gate.lock);
        return recvfrom(fd, to, size, flags, NULL, NULL);
}

static void gate_set(bool closed)
{
        pthread_mutex_lock(&gate.lock);
        gate.closed = closed;
        gate.reached = false;
        pthread_cond_broadcast(&gate.change);
        pthread_mutex_unlock(&gate.lock);
}

static void reading_on_holds_nobody_up(void)
{
        static const char too_large[] =
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\nx";
        struct http_config config = config_here();
        struct http_server *s;
        int fds[3];
        bool ended;

        config.threads = 1;
        s = server_of_test(&config);
        gate_set(true);
        for (int i = 0; i < 2; i++) {
                fds[i] = dial(http_server_port(s));
                check_int(status_of(next(fds[i], too_large, "\"status\":413")), 413);
                hear(fds[i], NULL, &ended);
                pthread_mutex_lock(&gate.lock);
                while (!gate.reached)
                        pthread_cond_wait(&gate.change, &gate.lock);
                pthread_mutex_unlock(&gate.lock);
        }
        fds[2] = dial(http_server_port(s));
        check_contains(next(fds[2], GET("/a") "\r\n", "body=0"), "HTTP/1.1 200 OK");
        gate_set(false);
        for (int i = 0; i < 3; i++)
                close(fds[i]);
        http_server_close(&s, 1000);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(deadlines),
                STORY(the_deadline_of_a_flood),
                STORY(a_reader_that_does_not_read),
                STORY(reading_on_holds_nobody_up),
                {NULL, NULL},
        };

        log_open("deadline", false, LOG_ERROR);
        return check_main(stories, argc, argv);
}
