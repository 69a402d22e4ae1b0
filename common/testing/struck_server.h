/* struck_server - for tests only: a server with faults, whose handler gets whole requests and
   answers with every kind of answer. */
#ifndef TESTING_STRUCK_SERVER_H
#define TESTING_STRUCK_SERVER_H

#include "testing/conversation.h"
#include "testing/faults_on.h"

#include <stdatomic.h>

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n"
#define HEAD(target) "HEAD " target " HTTP/1.1\r\nHost: a\r\n\r\n"

enum { SHORT = 1000, LONG = 4 << 20 };

static struct {
        struct metrics *metrics;
        struct faults *faults;
        struct http_server *server;
        int port;
        atomic_int handled;
        char *body;
} play;

/* ---- a server ---- */

static inline long pull(struct http_request *r, char *to, size_t room)
{
        int *pieces = r->state;

        if (!(*pieces)--)
                return HTTP_PULL_END;
        (void)room;
        memcpy(to, "piece;", 6);
        return 6;
}

static inline void in_pieces(struct http_request *r, int64_t len)
{
        int *pieces = arena_alloc(r->arena, sizeof *pieces);

        *pieces = 10;
        r->state = pieces;
        r->answer.status = 200;
        r->answer.pull = pull;
        r->answer.pull_len = len;
}

static inline void answer(struct http_request *r)
{
        r->answer.status = 200;
        r->answer.type = "text/plain";
        r->answer.body = play.body;
        r->answer.len = strcmp(r->path, "/long") == 0 ? LONG : SHORT;
        if (strcmp(r->path, "/204") == 0 || strcmp(r->path, "/304") == 0)
                r->answer = (struct http_answer){.status = atoi(r->path + 1)};
        else if (strcmp(r->path, "/chunked") == 0 || strcmp(r->path, "/pieces") == 0)
                in_pieces(r, strcmp(r->path, "/pieces") == 0 ? 60 : -1);
}

static inline void finish(struct http_request *r, void *arg)
{
        (void)arg;
        answer(r);
}

static inline enum http_result handle(struct http_request *r, void *arg)
{
        (void)arg;
        atomic_fetch_add(&play.handled, 1);
        r->uri_template = "/test";
        if (strcmp(r->path, "/late") == 0) {
                http_resume(r);
                return HTTP_LATER;
        }
        answer(r);
        return HTTP_ANSWERED;
}

static inline void begin(void)
{
        struct http_config config =
                config_of_test((struct http_handler){.handle = handle, .finish = finish});

        memset(&play, 0, sizeof play);
        play.body = memory_alloc(LONG + 1);
        memset(play.body, 'x', LONG);
        play.metrics = metrics_open();
        play.faults = faults_of_test(play.metrics);
        config.metrics = play.metrics;
        config.faults = play.faults;
        play.server = server_of_test(&config);
        play.port = http_server_port(play.server);
}

static inline void end(void)
{
        check_int(http_server_close(&play.server, 5000), 0);
        faults_close(&play.faults);
        metrics_close(&play.metrics);
        free(play.body);
}

static inline void on(const char *fault)
{
        fault_on(play.faults, fault);
}

/* Whether the metrics have such a line. */
static inline void check_metric(const char *line)
{
        struct arena *arena = arena_open();
        struct text all = text_open(arena, 4096);

        metrics_prometheus(play.metrics, false, &all);
        check_contains(all.at, line);
        arena_close(&arena);
}

/* Until so many requests wait for their answers. */
static inline void wait_for(int handled, int in_flight)
{
        int64_t most = clock_mono_us() + 5000000;

        while ((atomic_load(&play.handled) < handled ||
                http_server_in_flight(play.server) != in_flight) &&
               clock_mono_us() < most)
                poll(NULL, 0, 1);
        check_int(atomic_load(&play.handled), handled);
        check_int(http_server_in_flight(play.server), in_flight);
}

#endif
