/* conversation - for tests only: a real server, and raw bytes to and from it, each wait with a
   deadline. */
#ifndef TESTING_CONVERSATION_H
#define TESTING_CONVERSATION_H

#include "base/clock.h"
#include "http/server.h"
#include "testing/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MS = 5000, ANSWER_ROOM_TEST = 1 << 20 };

static inline struct http_config config_of_test(struct http_handler handler)
{
        return (struct http_config){
                .address = "127.0.0.1",
                .threads = 2,
                .max_body = 100000,
                .max_target = 8192,
                .max_header = 32768,
                .max_fields = 100,
                .header_ms = 10000,
                .body_ms = 10000,
                .max_connections = 200,
                .trusted_proxies = "127.0.0.0/8",
                .handler = handler,
        };
}

static inline struct http_server *server_of_test(const struct http_config *config)
{
        struct error e = {0};
        struct http_server *s = http_server_open(config, &e);

        check_text(s ? "" : e.text, "");
        return s;
}

static inline int dial(int port)
{
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        check(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0);
        return fd;
}

static inline void say(int fd, const char *bytes, size_t len)
{
        while (len) {
                ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

                if (n <= 0)
                        return; /* the other side may have closed */
                bytes += n;
                len -= (size_t)n;
        }
}

static inline void say_text(int fd, const char *text)
{
        say(fd, text, strlen(text));
}

/* Reads until `until` has come, the connection ends, or the deadline is over; *ended says whether
   the connection ended. The text is static. */
static inline const char *hear(int fd, const char *until, bool *ended)
{
        static _Thread_local char heard[ANSWER_ROOM_TEST];
        int64_t end = clock_mono_us() + ANSWER_MS * 1000;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        size_t len = 0;

        heard[0] = '\0';
        *ended = false;
        while (!*ended && !(until && strstr(heard, until)) && clock_mono_us() < end &&
               len < sizeof heard - 1) {
                ssize_t n;

                if (poll(&p, 1, 50) <= 0)
                        continue;
                n = recv(fd, heard + len, sizeof heard - 1 - len, 0);
                if (n <= 0) {
                        *ended = true;
                        break;
                }
                len += (size_t)n;
                heard[len] = '\0';
        }
        return heard;
}

/* Sends one request on a connection of its own and returns all that comes back until the server
   closes; the request must say Connection: close. */
static inline const char *ask(int port, const char *request)
{
        int fd = dial(port);
        const char *answer;
        bool ended;

        say_text(fd, request);
        answer = hear(fd, NULL, &ended);
        close(fd);
        return ended ? answer : "the server did not close";
}

/* One request on a connection that stays open, and its answer up to `until`. */
static inline const char *next(int fd, const char *request, const char *until)
{
        bool ended;

        say_text(fd, request);
        return hear(fd, until, &ended);
}

static inline int status_of(const char *answer)
{
        return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
}

#endif
