/* scripted_upstream - for the gateway's fuzz harness: an upstream that answers as the second half
   of the input says, and checks each request that reaches it.

   The script is pieces (testing/fuzz.h). Each piece is an answer, or with the mark `|` a part of
   one, whose rest comes a moment later. After an answer the upstream closes the connection; with
   the mark `R` it resets it, with `=` it keeps it. The last answer serves all further requests.
   Nothing is allocated here. */
#ifndef GATEWAY_TESTING_SCRIPTED_UPSTREAM_H
#define GATEWAY_TESTING_SCRIPTED_UPSTREAM_H

#include "testing/fuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
        SCRIPT_ANSWERS = 16,
        SCRIPT_LINKS = 32,
        SCRIPT_ROOM = 96 << 10,
        SCRIPT_GAP_MS = 1,
        SCRIPT_METHODS = 8
};

/* A part of an answer, and the mark after it. */
struct script_part {
        const char *at;
        size_t len;
        char mark;
};

struct script_link {
        int fd;
        size_t len;
        char heard[SCRIPT_ROOM];
};

static const char *const script_methods[SCRIPT_METHODS] = {"GET", "HEAD",  "OPTIONS", "POST",
                                                           "PUT", "PATCH", "DELETE",  NULL};

/* The harness's own: called with each request's head, NUL-terminated. True: a client made it. */
static bool script_check(const char *request, const char *method, const char *path);

static struct {
        pthread_t thread;
        pthread_mutex_t lock; /* of all below */
        int listener, port, wake;
        const struct script_part *parts;
        size_t count, next;
        bool drop; /* all connections */
        int reached[SCRIPT_METHODS];
        bool named; /* some answer named Idempotency-Key */
        int link_count;
        struct script_link connections[SCRIPT_LINKS];
} script = {.lock = PTHREAD_MUTEX_INITIALIZER};

static inline void script_hang_up(int i, bool hard)
{
        struct linger linger = {.l_onoff = 1};

        if (hard) /* also so that the port is free at once */
                setsockopt(script.connections[i].fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        close(script.connections[i].fd);
        script.link_count--;
        if (i != script.link_count)
                memcpy(&script.connections[i], &script.connections[script.link_count],
                       sizeof script.connections[i]);
}

static inline bool script_names_key(const struct script_part *part)
{
        for (size_t i = 0; i + 15 <= part->len; i++)
                if (strncasecmp(part->at + i, "Idempotency-Key", 15) == 0)
                        return true;
        return false;
}

/* False: hung up. */
static inline bool script_answer(int i)
{
        while (script.next < script.count) {
                const struct script_part *part = &script.parts[script.next++];

                script.named |= script_names_key(part);
                for (size_t sent = 0; sent < part->len;) {
                        ssize_t n = send(script.connections[i].fd, part->at + sent,
                                         part->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
                        struct pollfd p = {.fd = script.connections[i].fd, .events = POLLOUT};

                        if (n < 0 && (errno != EAGAIN || poll(&p, 1, 200) <= 0 ||
                                      p.revents & (POLLERR | POLLHUP)))
                                break;
                        sent += n > 0 ? (size_t)n : 0;
                }
                if (part->mark == '=')
                        return true;
                if (part->mark != '|') {
                        script_hang_up(i, part->mark == 'R');
                        return false;
                }
                poll(NULL, 0, SCRIPT_GAP_MS);
        }
        script_hang_up(i, false);
        return false;
}

/* The last answer serves all further requests. */
static inline void script_rewind(void)
{
        size_t at = script.count;

        if (script.next < script.count || !script.count)
                return;
        while (--at && (script.parts[at - 1].mark == '|'))
                ;
        script.next = at;
}

static inline int script_method(const char *text, size_t len)
{
        for (int i = 0; script_methods[i]; i++)
                if (strlen(script_methods[i]) == len && memcmp(script_methods[i], text, len) == 0)
                        return i;
        fuzz_fail("a method of %.20s", text);
}

/* The field's value, up to the end of the head; NULL: none. Fails on two of them, which
   would be request smuggling. */
static inline const char *script_field(const char *head, const char *name)
{
        const char *line = strcasestr(head, name);

        if (line)
                fuzz_must(!strcasestr(line + 2, name), "twice %s", name + 2);
        return line ? line + strlen(name) : NULL;
}

/* The length of the request; 0: it is not all here. */
static inline size_t script_length(const char *heard, size_t len, const char *head)
{
        size_t head_len = strlen(head);
        const char *length = script_field(head, "\r\nContent-Length:"),
                   *coding = script_field(head, "\r\nTransfer-Encoding:"), *end;

        fuzz_must(!length || !coding, "a length and a coding");
        if (coding) {
                fuzz_must(strcasecmp(coding, " chunked\r\n\r\n") == 0 ||
                                  strncasecmp(coding, " chunked\r\n", 10) == 0,
                          "a coding%.20s", coding);
                end = memmem(heard + head_len, len - head_len, "0\r\n\r\n",
                             5); /* near enough: what is in a body is not checked */
                return end ? (size_t)(end + 5 - heard) : 0;
        }
        head_len += length ? strtoul(length, NULL, 10) : 0;
        return head_len <= len ? head_len : 0;
}

/* True: there was a whole request, and the connection is still open. */
static inline bool script_take(int i)
{
        struct script_link *l = &script.connections[i];
        static char head[SCRIPT_ROOM], path[SCRIPT_ROOM];
        const char *end = memmem(l->heard, l->len, "\r\n\r\n", 4);
        size_t line, method, whole;
        int number;

        if (!end)
                return false;
        fuzz_must(!memchr(l->heard, '\0', (size_t)(end - l->heard)), "a NUL in a head");
        snprintf(head, sizeof head, "%.*s", (int)(end + 4 - l->heard), l->heard);
        whole = script_length(l->heard, l->len, head);
        if (!whole)
                return false;
        line = strcspn(head, "\r");
        method = strcspn(head, " ");
        fuzz_must(line > method + 10 && strncmp(head + line - 9, " HTTP/1.1\r\n", 11) == 0,
                  "a request line of %.100s", head);
        snprintf(path, sizeof path, "%.*s", (int)(line - 9 - method - 1), head + method + 1);
        fuzz_must(*path == '/' && !strpbrk(path, " \t"), "a target of %.100s", path);
        path[strcspn(path, "?")] = '\0';
        number = script_method(head, method);
        script.reached[number] += script_check(head, script_methods[number], path);
        memmove(l->heard, l->heard + whole, l->len - whole);
        l->len -= whole;
        script_rewind();
        return script_answer(i);
}

static inline void script_hear(int i)
{
        struct script_link *l = &script.connections[i];
        ssize_t n = recv(l->fd, l->heard + l->len, SCRIPT_ROOM - l->len - 1, MSG_DONTWAIT);

        if (n <= 0) {
                if (n == 0 || errno != EAGAIN)
                        script_hang_up(i, true);
                return;
        }
        l->len += (size_t)n;
        l->heard[l->len] = '\0';
        while (script_take(i))
                ;
        if (i < script.link_count && script.connections[i].len == SCRIPT_ROOM - 1)
                script.connections[i].len = 0; /* a long body, which is not checked */
}

static inline void script_look(const struct pollfd *fds)
{
        uint64_t count;

        if (fds[0].revents && read(script.wake, &count, sizeof count) == sizeof count &&
            script.drop) {
                while (script.link_count)
                        script_hang_up(script.link_count - 1, true);
                script.drop = false;
                return;
        }
        for (int i = script.link_count - 1; i >= 0; i--)
                if (fds[i + 2].revents)
                        script_hear(i);
        if (fds[1].revents && script.link_count < SCRIPT_LINKS) {
                script.connections[script.link_count].len = 0;
                script.connections[script.link_count].fd =
                        accept4(script.listener, NULL, NULL, SOCK_CLOEXEC);
                script.link_count += script.connections[script.link_count].fd >= 0;
        }
}

static void *script_run(void *arg)
{
        (void)arg;
        for (;;) {
                struct pollfd fds[SCRIPT_LINKS + 2] = {{.fd = script.wake, .events = POLLIN},
                                                       {.fd = script.listener, .events = POLLIN}};
                int count = script.link_count;

                for (int i = 0; i < count; i++)
                        fds[i + 2] =
                                (struct pollfd){.fd = script.connections[i].fd, .events = POLLIN};
                poll(fds, (nfds_t)count + 2, -1);
                pthread_mutex_lock(&script.lock);
                script_look(fds);
                pthread_mutex_unlock(&script.lock);
        }
        return NULL;
}

static inline void script_open(void)
{
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof a;

        script.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        fuzz_must(bind(script.listener, (struct sockaddr *)&a, sizeof a) == 0 &&
                          listen(script.listener, 64) == 0,
                  "the upstream");
        getsockname(script.listener, (struct sockaddr *)&a, &len);
        script.port = ntohs(a.sin_port);
        script.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        pthread_create(&script.thread, NULL, script_run, NULL);
}

/* A new script; all connections are hung up. */
static inline void script_begin(const struct script_part *parts, size_t count)
{
        uint64_t one = 1;
        bool dropped = false;

        pthread_mutex_lock(&script.lock);
        script.parts = parts;
        script.count = count;
        script.next = 0;
        memset(script.reached, 0, sizeof script.reached);
        script.named = false;
        script.drop = true;
        pthread_mutex_unlock(&script.lock);
        while (!dropped) {
                fuzz_must(write(script.wake, &one, sizeof one) == sizeof one, "the upstream");
                poll(NULL, 0, 0);
                pthread_mutex_lock(&script.lock);
                dropped = !script.drop;
                pthread_mutex_unlock(&script.lock);
        }
}

static inline int script_reached(const char *method)
{
        int n;

        pthread_mutex_lock(&script.lock);
        n = script.reached[script_method(method, strlen(method))];
        pthread_mutex_unlock(&script.lock);
        return n;
}

#endif
