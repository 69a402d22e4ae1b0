/* Which requests are sent again, and which never: by a model in which the upstream breaks off at
   every byte of the request and of its answer. */
#include "base/clock.h"
#include "base/log.h"
#include "gateway/gateway.h"
#include "testing/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"};

enum { GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE, METHODS };

/* ---- the model: a client, the gateway, an upstream by script, all of one case on one thread
   ---- */

static const char *const keeps[] = {"unsaid", "yes", "no",
                                    "echoes"}; /* routes, by what is known of their keys */

enum { UNSAID, YES, NO, ECHOES, KEEPS, WORKERS = 32, NEVER = -1, TOO_OFTEN = 40 };

struct act {
        int method, keeps;
        bool key;    /* the client's */
        int ask_cut; /* the upstream reads so many bytes of the first try, then breaks off; NEVER:
                        it reads all */
        int answer_cut; /* and says so many of its answer */
        int cuts;       /* how many tries end so */
        bool echo;      /* the answer names the key */
        const char *status;
        /* out */
        int reached; /* how often a byte of the request came */
        size_t ask_len;
        char answer[1024]; /* what the client got */
};

static struct http_server *front;
static struct gateway *gateway;
static int listeners[WORKERS];

static int listen_somewhere(int *port)
{
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        socklen_t len = sizeof a;

        if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 64) != 0)
                abort();
        getsockname(fd, (struct sockaddr *)&a, &len);
        *port = ntohs(a.sin_port);
        return fd;
}

static void write_routes(const char *path)
{
        FILE *f = fopen(path, "w");

        fprintf(f, "spring.cloud.gateway.routes:\n");
        for (int w = 0; w < WORKERS; w++) {
                int port;

                listeners[w] = listen_somewhere(&port);
                for (int k = 0; k < KEEPS; k++)
                        fprintf(f,
                                "- {id: r%d%s, uri: 'http://127.0.0.1:%d', predicates: "
                                "['Path=/%d%s']%s}\n",
                                w, keeps[k], port, w, keeps[k],
                                k == YES  ? ", metadata: {idempotency: true}"
                                : k == NO ? ", metadata: {idempotency: false}"
                                          : "");
        }
        fclose(f);
}

static void open_front(void)
{
        char path[128];
        struct gateway_config config = {
                .routes = path, .limits.response_ms = 20000, .retries = 1000000};
        struct http_config http = {
                .address = "127.0.0.1",
                .threads = 2,
                .max_body = 1 << 20,
                .max_target = 8192,
                .max_header = 8192,
                .max_fields = 100,
                .header_ms = 60000,
                .body_ms = 60000,
                .max_connections = 64,
        };
        struct error error;

        snprintf(path, sizeof path, "%s/application.yml", check_directory());
        write_routes(path);
        gateway = gateway_open(&config, &error);
        check_text(gateway ? "" : error.text, "");
        http.handler = gateway_handler(gateway);
        front = http_server_open(&http, &error);
        check(front != NULL);
}

static void close_front(void)
{
        http_server_close(&front, 5000);
        gateway_close(&gateway);
        for (int w = 0; w < WORKERS; w++)
                close(listeners[w]);
}

static int ask_front(const struct act *a, int worker)
{
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                 .sin_port = htons((uint16_t)http_server_port(front))};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool body = a->method >= POST;
        char text[300];
        int len = snprintf(text, sizeof text,
                           "%s /%d%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s%s\r\n%s",
                           methods[a->method], worker, keeps[a->keeps],
                           a->key ? "Idempotency-Key: k\r\n" : "",
                           body ? "Content-Length: 2\r\n" : "", body ? "{}" : "");

        if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
            send(fd, text, (size_t)len, MSG_NOSIGNAL) != len)
                abort();
        return fd;
}

static bool is_whole(const char *ask)
{
        const char *end = strstr(ask, "\r\n\r\n");

        return end && (!strstr(ask, "\r\nContent-Length: 2\r\n") || strlen(end) == 6);
}

/* The upstream ends a try: with a reset and with a clean end by turns. */
static void end_try(int fd, int how)
{
        struct linger hard = {.l_onoff = 1};

        if (how % 2)
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(fd);
}

static void say(const struct act *a, int fd, const char *ask, bool cut)
{
        const char *key = strstr(ask, "Idempotency-Key: ");
        char text[300], echo[100] = "";
        int len;

        if (a->echo && key)
                snprintf(echo, sizeof echo, "%.*s\r\n", (int)strcspn(key, "\r"), key);
        len = snprintf(text, sizeof text,
                       "HTTP/1.1 %s\r\nContent-Length: 2\r\nConnection: close\r\n%s\r\n%s",
                       a->status, echo, a->method == HEAD ? "" : "hi");
        if (cut && a->answer_cut < len)
                len = a->answer_cut;
        if (len && send(fd, text, (size_t)len, MSG_NOSIGNAL) != len)
                abort();
}

static void serve_try(struct act *a, int fd)
{
        bool cut = a->reached < a->cuts;
        size_t len = 0, room = cut && a->ask_cut != NEVER ? (size_t)a->ask_cut : 1023;
        char ask[1024] = "";
        ssize_t n = 1;

        while (len < room && !is_whole(ask) && n > 0) {
                n = recv(fd, ask + len, room - len, 0);
                len += n > 0 ? (size_t)n : 0;
                ask[len] = '\0';
        }
        a->reached += len > 0;
        if (!cut || a->ask_cut == NEVER)
                say(a, fd, ask, cut);
        a->ask_len = len;
        end_try(fd, cut ? a->ask_cut + a->answer_cut : 0);
}

static void run_act(struct act *a, int worker)
{
        struct pollfd both[2] = {{.fd = listeners[worker], .events = POLLIN},
                                 {.fd = ask_front(a, worker), .events = POLLIN}};
        size_t len = 0;
        ssize_t n = 1;

        a->reached = 0;
        while (n > 0 && a->reached < TOO_OFTEN && poll(both, 2, 30000) > 0) {
                if (both[0].revents)
                        serve_try(a, accept(both[0].fd, NULL, NULL));
                if (both[1].revents)
                        len += (size_t)((n = recv(both[1].fd, a->answer + len,
                                                  sizeof a->answer - 1 - len, 0)) > 0
                                                ? n
                                                : 0);
        }
        a->answer[len] = '\0';
        close(both[1].fd);
}

static int status_of(const struct act *a)
{
        return strncmp(a->answer, "HTTP/1.1 ", 9) == 0 ? atoi(a->answer + 9) : 0;
}

/* ---- what must be: written from the promise, not from the code ---- */

/* To send it twice is the same as once: it changes nothing, or the upstream recognises it by its
   key. The gateway makes keys for POST only. */
static bool is_repeatable(const struct act *a)
{
        return a->method <= OPTIONS ||
               (a->method == POST && (a->keeps == YES || a->keeps == ECHOES));
}

enum {
        HEAD_LEN = sizeof "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n" - 1,
        ANSWER_LEN = HEAD_LEN + 2
};

static atomic_int wrongs;

static void judge(const struct act *a)
{
        bool mute = a->ask_cut != NEVER || a->answer_cut == 0,
             cut_head = !mute && a->answer_cut < HEAD_LEN;
        int reached = mute && is_repeatable(a) ? 2 : 1,
            status = (mute && reached == 1) || cut_head ? 502 : 200;
        bool cut_body = !mute && !cut_head && a->method != HEAD && a->answer_cut < ANSWER_LEN;
        bool whole = strlen(a->answer) > 2 && strcmp(a->answer + strlen(a->answer) - 2, "hi") == 0;

        if (a->reached == reached && status_of(a) == status && (!cut_body || !whole))
                return;
        if (atomic_fetch_add(&wrongs, 1) < 20)
                printf("%s, key %d, keeps %s, cut at %d of the request, %d of the answer: reached "
                       "%d times and not %d; %d and not %d\n",
                       methods[a->method], a->key, keeps[a->keeps], a->ask_cut, a->answer_cut,
                       a->reached, reached, status_of(a), status);
}

static struct act act_of(int method, int kept, bool key)
{
        return (struct act){.method = method,
                            .keeps = kept,
                            .key = key,
                            .ask_cut = NEVER,
                            .cuts = 1,
                            .status = "200 OK"};
}

static void cut_everywhere(int worker, int method, int kept, bool key)
{
        struct act a = act_of(method, kept, key);
        size_t len;

        a.answer_cut = ANSWER_LEN; /* nothing is cut */
        run_act(&a, worker);
        judge(&a);
        len = a.ask_len;
        for (size_t at = 1; at <= len; at++) {
                a = act_of(method, kept, key);
                a.ask_cut = (int)at;
                run_act(&a, worker);
                judge(&a);
        }
        for (int at = 0; at < ANSWER_LEN; at++) {
                a = act_of(method, kept, key);
                a.answer_cut = at;
                run_act(&a, worker);
                judge(&a);
        }
}

/* Workers take the rows one by one: method, what is known of its keys, and whether the client gives
   one. */
static atomic_int next_row;

static void *work(void *arg)
{
        int worker = (int)(intptr_t)arg, row;
        struct act first = act_of(POST, ECHOES, true);

        first.cuts = 0;
        first.echo = true;
        run_act(&first, worker);
        while ((row = atomic_fetch_add(&next_row, 1)) < METHODS * KEEPS * 2)
                if (row / 2 % KEEPS == UNSAID || row / 2 % KEEPS == YES)
                        cut_everywhere(worker, row / 2 / KEEPS, row / 2 % KEEPS, row % 2);
                else
                        for (int at = NEVER; at < 200;
                             at += 67) { /* at the line, a field, another one, behind all of it */
                                struct act a = act_of(row / 2 / KEEPS, row / 2 % KEEPS, row % 2);

                                a.ask_cut = at;
                                run_act(&a, worker);
                                judge(&a);
                        }
        return NULL;
}

static void an_upstream_cuts_at_every_byte(void)
{
        pthread_t threads[WORKERS];

        open_front();
        atomic_store(&wrongs, 0);
        for (int w = 0; w < WORKERS; w++)
                check(pthread_create(&threads[w], NULL, work, (void *)(intptr_t)w) == 0);
        for (int w = 0; w < WORKERS; w++)
                pthread_join(threads[w], NULL);
        close_front();
        check_int(atomic_load(&wrongs), 0);
}

/* Every try ends in the same way. */
static int reached_when_all_are_cut(int method, int kept, const char *status)
{
        struct act a = act_of(method, kept, true);

        if (*status) { /* one is cut, all that follow are answered so */
                a.status = status;
        } else {
                a.cuts = TOO_OFTEN;
        }
        run_act(&a, 0);
        check_int(status_of(&a), *status ? atoi(status) : 502);
        return a.reached;
}

static void it_ends_also_when_nothing_helps(void)
{
        open_front();
        check_int(reached_when_all_are_cut(GET, YES, ""), 2);
        check_int(reached_when_all_are_cut(PUT, YES, ""), 1);
        check_int(reached_when_all_are_cut(POST, YES, ""), 8);
        check_int(reached_when_all_are_cut(POST, YES, "409 Conflict"), 8);
        check_int(reached_when_all_are_cut(POST, YES, "503 Away"), 2);
        close_front();
}

/* An upstream that names the key in its answer keeps keys for that method, and for no other. */
static void what_an_upstream_says_it_keeps_keys_for(void)
{
        struct act a;

        open_front();
        a = act_of(PATCH, UNSAID, true);
        a.echo = true;
        a.cuts = 0;
        run_act(&a, 0);
        for (int m = POST; m < METHODS; m++) {
                a = act_of(m, UNSAID, true);
                run_act(&a, 0);
                check_int(a.reached, m == PATCH ? 2 : 1);
        }
        a = act_of(PATCH, UNSAID, false);
        run_act(&a, 0);
        check_int(a.reached, 1);
        close_front();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_upstream_cuts_at_every_byte),
                STORY(it_ends_also_when_nothing_helps),
                STORY(what_an_upstream_says_it_keeps_keys_for),
                {NULL, NULL},
        };

        int failed;

        log_open("retry_model_test", true, LOG_ERROR); /* thousands of lines of access */
        failed = check_main(stories, argc, argv);
        log_close();
        return failed;
}
