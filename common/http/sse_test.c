/* Streams of Server-Sent Events on a real server. */
#include "http/sse.h"

#include "base/container.h"
#include "http/loop.h"
#include "testing/conversation.h"

#include <stdatomic.h>

enum { MOST = 3, PACE_MS = 50, BEAT_MS = 1500 };

/* What the streams send: each the text, when it changed. */
static struct play {
        struct sse *sse;
        struct http_server *server;
        struct http_streams streams;
        const char *_Atomic text;
        atomic_int version, left, fills;
        atomic_bool flood; /* sends without an end */
} play;

struct listener {
        struct sse_stream stream;
        int version;
};

static void fill(struct sse_stream *stream, struct text *out)
{
        struct listener *l = CONTAINER_OF(stream, struct listener, stream);
        int version = atomic_load(&play.version);
        const char *text = atomic_load(&play.text);

        atomic_fetch_add(&play.fills, 1);
        if (atomic_load(&play.flood)) {
                for (int i = 0; i < 10000; i++)
                        text_string(out, "data: flood\n\n");
        } else if (l->version != version) {
                sse_frame(out, NULL, text, strlen(text));
                l->version = version;
        }
}

static void left(struct sse_stream *stream)
{
        (void)stream;
        atomic_fetch_add(&play.left, 1);
}

static enum http_result handle(struct http_request *r, void *arg)
{
        struct listener *l = memory_alloc(sizeof *l);

        (void)arg;
        return sse_begin(play.sse, r, &l->stream);
}

static void finish(struct http_request *r, void *arg)
{
        (void)arg;
        sse_finish(r);
}

static void tell(const char *text)
{
        atomic_store(&play.text, text);
        atomic_fetch_add(&play.version, 1);
        sse_wake(play.sse);
}

static void begin(void)
{
        struct sse_config sse = {MOST, PACE_MS, BEAT_MS, fill, left};
        struct http_config config = config_of_test((struct http_handler){handle, finish});

        memset(&play, 0, sizeof play);
        play.sse = sse_open(&sse);
        play.streams = sse_streams(play.sse, config.max_body);
        config.handler.streams = &play.streams;
        play.server = server_of_test(&config);
}

static void end(void)
{
        sse_end(play.sse);
        check_int(http_server_close(&play.server, 3000), 0);
        check_int(sse_count(play.sse), 0);
        sse_close(&play.sse);
}

static int follow(void)
{
        int fd = dial(http_server_port(play.server));

        say_text(fd, "GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
        return fd;
}

static const char *hear_until(int fd, const char *until)
{
        bool ended;

        return hear(fd, until, &ended);
}

static void wait_for_count(int count)
{
        int64_t until = clock_mono_us() + 5000000;

        while (sse_count(play.sse) != count && clock_mono_us() < until)
                poll(NULL, 0, 5);
        check_int(sse_count(play.sse), count);
}

static void a_stream_gets_what_is_told(void)
{
        int fd;
        const char *heard;

        begin();
        fd = follow();
        wait_for_count(1);
        tell("one");
        heard = hear_until(fd, "data: one\n\n");
        check_contains(heard, "HTTP/1.1 200 OK\r\n");
        check_contains(heard, "Content-Type: text/event-stream\r\n");
        check_contains(heard, "Cache-Control: no-store\r\n");
        check_contains(heard, "data: one\n\n");
        tell("two");
        check_contains(hear_until(fd, "two"), "data: two\n\n");
        end();
        close(fd);
        check_int(atomic_load(&play.left), 1);
}

static void a_silent_stream_beats(void)
{
        int fd;

        begin();
        fd = follow();
        check_contains(hear_until(fd, "{}"), "event: beat\ndata: {}\n\n");
        end();
        close(fd);
}

static void many_wakes_are_one(void)
{
        int64_t began, ms;
        int fd, before;

        begin();
        fd = follow();
        wait_for_count(1);
        tell("one");
        hear_until(fd, "one");
        before = atomic_load(&play.fills);
        began = clock_mono_us();
        for (int i = 0; i < 300; i++) {
                sse_wake(play.sse);
                poll(NULL, 0, 1);
        }
        tell("two");
        check_contains(hear_until(fd, "two"), "data: two\n\n");
        ms = (clock_mono_us() - began) / 1000;
        check(atomic_load(&play.fills) - before <= ms / PACE_MS + ms / 1000 + 5);
        end();
        close(fd);
}

/* Each is sent by a wake, and none waits for the second that wakes all. */
static void what_is_told_comes_at_once(void)
{
        static const char *const words[] = {"one", "two", "three", "four", "five", "six"};
        int64_t began;
        int fd;

        begin();
        fd = follow();
        wait_for_count(1);
        began = clock_mono_us();
        for (int i = 0; i < 12; i++) {
                tell(words[i % 6]);
                hear_until(fd, words[i % 6]);
        }
        check(clock_mono_us() - began < 3000000);
        end();
        close(fd);
}

/* To a client of HTTP/1.0, whose body has no chunks. */
static void a_long_frame_comes_whole(void)
{
        enum { LONG = 300000 };
        static char text[LONG + 1];
        int fd;

        for (int i = 0; i < LONG; i++)
                text[i] = (char)('a' + i * 7 % 26);
        begin();
        fd = dial(http_server_port(play.server));
        say_text(fd, "GET /events HTTP/1.0\r\nHost: a\r\n\r\n");
        wait_for_count(1);
        tell(text);
        check(strstr(hear_until(fd, "\n\n"), text) != NULL);
        tell("short");
        check_contains(hear_until(fd, "short"), "data: short\n\n");
        end();
        close(fd);
}

static void one_too_many_is_told_to_come_again(void)
{
        int fd[MOST], other;
        const char *heard;

        begin();
        for (int i = 0; i < MOST; i++)
                fd[i] = follow();
        wait_for_count(MOST);
        other = follow();
        heard = hear_until(other, "\r\n\r\n");
        check_int(status_of(heard), 503);
        check_contains(heard, "Retry-After: ");
        check_int(atomic_load(&play.left), 1);
        close(fd[0]);
        wait_for_count(MOST - 1);
        close(other);
        other = follow();
        wait_for_count(MOST);
        tell("one");
        check_contains(hear_until(other, "one"), "data: one\n\n");
        end();
        close(other);
        for (int i = 1; i < MOST; i++)
                close(fd[i]);
        check_int(atomic_load(&play.left), MOST + 2);
}

static void the_end_ends_all_at_once(void)
{
        int fd[MOST];
        int64_t began;
        bool ended;

        begin();
        for (int i = 0; i < MOST; i++)
                fd[i] = follow();
        wait_for_count(MOST);
        began = clock_mono_us();
        sse_end(play.sse);
        for (int i = 0; i < MOST; i++)
                check_contains(hear(fd[i], "\r\n0\r\n\r\n", &ended), "\r\n0\r\n\r\n");
        check(clock_mono_us() - began < 2000000);
        wait_for_count(0);
        for (int i = 0; i < MOST; i++)
                close(fd[i]);
        fd[0] = follow();
        check_int(status_of(hear_until(fd[0], "\r\n\r\n")), 503);
        end();
        close(fd[0]);
}

static void a_worker_may_leave_before_a_wake_reaches_it(void)
{
        struct sse *sse = sse_open(&(struct sse_config){.most = 1, .pace_ms = PACE_MS});
        struct http_streams streams = sse_streams(sse, 0);
        struct loop *loop = loop_open();

        streams.enter(0, loop, streams.arg);
        sse_wake(sse);
        streams.leave(0, streams.arg);
        loop_start(loop);
        loop_stop(loop); /* runs what was posted */
        loop_close(&loop);
        sse_close(&sse);
}

static void who_does_not_read_holds_up_nobody(void)
{
        int slow, other;

        begin();
        slow = follow();
        wait_for_count(1);
        atomic_store(&play.flood, true);
        sse_wake(play.sse);
        poll(NULL, 0, 300);
        atomic_store(&play.flood, false);
        other = follow();
        wait_for_count(2);
        tell("one");
        check_contains(hear_until(other, "one"), "data: one\n\n");
        close(slow);
        wait_for_count(1);
        end();
        close(other);
}

static void a_reset_stream_is_gone(void)
{
        struct linger reset = {1, 0};
        int fd;

        begin();
        fd = follow();
        wait_for_count(1);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
        wait_for_count(0);
        check_int(atomic_load(&play.left), 1);
        end();
}

static void a_frame_has_a_line_for_each_line(void)
{
        struct arena *arena = arena_open();
        struct text out = text_open(arena, 100);

        sse_frame(&out, "gap", "a\nb\n", 4);
        check_text(out.at, "event: gap\ndata: a\ndata: b\ndata: \n\n");
        out.len = 0;
        sse_frame(&out, NULL, "", 0);
        check_text(out.at, "data: \n\n");
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_stream_gets_what_is_told),
                STORY(a_silent_stream_beats),
                STORY(many_wakes_are_one),
                STORY(what_is_told_comes_at_once),
                STORY(a_long_frame_comes_whole),
                STORY(one_too_many_is_told_to_come_again),
                STORY(the_end_ends_all_at_once),
                STORY(a_worker_may_leave_before_a_wake_reaches_it),
                STORY(who_does_not_read_holds_up_nobody),
                STORY(a_reset_stream_is_gone),
                STORY(a_frame_has_a_line_for_each_line),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
