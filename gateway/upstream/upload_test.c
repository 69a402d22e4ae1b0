/* A body that is sent in pieces, and callbacks that use the request that they are told of. */
#include "gateway/testing/fake_upstream.h"
#include "gateway/testing/lone_request.h"
#include "gateway/upstream/upstream.h"
#include "testing/check.h"

static int written;

/* The first piece of the body goes with the head; these follow. */
static void write_rest(struct upstream_request *x)
{
        if (x->outcome == UPSTREAM_ANSWERED) {
                read_on(x);
                return;
        }
        while (written < 3 && upstream_write(x, "more,", 5) == 5)
                written++;
        if (written == 3)
                upstream_write(x, NULL, 0);
}

static void run_upload(struct task *task)
{
        (void)task;
        upstream_start(upstreams, &asked.request);
        write_rest(&asked.request); /* waits for the connection */
}

static void prepare(int port, const char *body, size_t body_len, bool more)
{
        written = 0;
        sem_init(&asked.over, 0, 0);
        asked.body = text_open(arena, 100);
        asked.request = (struct upstream_request){
                .arena = arena,
                .method = "PUT",
                .host = "127.0.0.1",
                .port = port,
                .target = "/",
                .authority = "a",
                .body = body,
                .body_len = body_len,
                .body_total = -1,
                .more = more,
                .connect_ms = 5000,
                .response_ms = response_ms,
        };
}

static void a_body_follows_in_chunks(void)
{
        struct fake fake = {.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}};

        fake_open(&fake);
        open_all(5000);
        prepare(fake.port, "first,", 6, true);
        asked.request.host = "localhost";
        asked.request.done = on_done;
        asked.request.ready = write_rest;
        asked.go.run = run_upload;
        loop_post(loop, &asked.go);
        check_int(wait_done()->outcome, UPSTREAM_ANSWERED);
        fake_close(&fake);
        check_contains(fake.heard, "Transfer-Encoding: "
                                   "chunked\r\n\r\n6\r\nfirst,\r\n5\r\nmore,\r\n5\r\nmore,"
                                   "\r\n5\r\nmore,\r\n0\r\n\r\n");
        close_all();
}

static int listen_anywhere(int *port)
{
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof at;
        int listener = socket(AF_INET, SOCK_STREAM, 0);

        check(listener >= 0 && bind(listener, (struct sockaddr *)&at, len) == 0 &&
              listen(listener, 4) == 0);
        check_int(getsockname(listener, (struct sockaddr *)&at, &len), 0);
        *port = ntohs(at.sin_port);
        return listener;
}

static bool again;

/* The first connection is there: once more from the beginning, over another. */
static void start_again(struct upstream_request *x)
{
        if (again) {
                write_rest(x);
                return;
        }
        again = true;
        upstream_cancel(x);
        upstream_start(upstreams, x);
        check_int((int64_t)upstream_write(x, "more,", 5), 0);
}

static void ready_may_start_it_again(void)
{
        struct fake fake = {.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}};

        fake_open(&fake);
        open_all(5000);
        prepare(fake.port, "first,", 6, true);
        asked.request.done = on_done;
        asked.request.ready = start_again;
        asked.go.run = run_upload;
        loop_post(loop, &asked.go);
        check_int(wait_done()->outcome, UPSTREAM_ANSWERED);
        fake_close(&fake);
        check_int(atomic_load(&fake.connections), 2);
        check_contains(fake.heard, "\r\n5\r\nmore,\r\n0\r\n\r\n");
        close_all();
}

static int next_port;

/* The client ended its body while nobody was there to read it. */
static void end_and_start_again(struct upstream_request *x)
{
        if (x->outcome != UPSTREAM_REFUSED) {
                on_done(x);
                return;
        }
        check_int((int64_t)upstream_write(x, NULL, 0), 0);
        x->port = next_port;
        upstream_start(upstreams, x);
}

static void an_end_given_between_two_attempts_is_sent(void)
{
        struct fake away = {.answers = {NULL}},
                    fake = {.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}};

        fake_open(&away);
        fake_close(&away);
        fake_open(&fake);
        open_all(5000);
        next_port = fake.port;
        prepare(away.port, "first,", 6, true);
        asked.request.done = end_and_start_again;
        asked.request.ready = read_on;
        asked.go.run = run_request;
        loop_post(loop, &asked.go);
        check_int(wait_done()->outcome, UPSTREAM_ANSWERED);
        fake_close(&fake);
        check_contains(fake.heard, "chunked\r\n\r\n6\r\nfirst,\r\n0\r\n\r\n");
        close_all();
}

static struct {
        int listener;
        bool writing, done_within;
} reset_case;

static void note_done(struct upstream_request *x)
{
        reset_case.done_within = reset_case.writing;
        on_done(x);
}

/* The upstream resets the connection before our loop can hear of it. */
static void write_to_reset(struct upstream_request *x)
{
        const struct linger hard = {.l_onoff = 1};
        int fd = accept(reset_case.listener, NULL, NULL);

        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(fd);
        reset_case.writing = true;
        for (int i = 0; i < 20; i++) {
                upstream_write(x, "more,", 5);
                usleep(1000);
        }
        reset_case.writing = false;
}

/* A caller that writes in a loop finds the request as it was. */
static void a_write_calls_nobody_back(void)
{
        int port;

        reset_case.listener = listen_anywhere(&port);
        open_all(5000);
        prepare(port, "first,", 6, true);
        asked.request.done = note_done;
        asked.request.ready = write_to_reset;
        asked.go.run = run_upload;
        loop_post(loop, &asked.go);
        check_int(wait_done()->outcome, UPSTREAM_BROKEN);
        check(!reset_case.done_within);
        close_all();
        close(reset_case.listener);
}

static enum upstream_outcome told;

static void note_outcome(struct upstream_request *x)
{
        told = x->outcome;
        on_done(x);
}

/* The upstream answers before it has read all of the request, and its short answer stalls. */
static void a_short_answer_that_stalls_is_passed_on_while_the_request_goes_out(void)
{
        enum { BODY = 16 << 20 };
        static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi";
        static char room[1 << 16];
        char *body = calloc(1, BODY);
        size_t heard = 0;
        int port, listener = listen_anywhere(&port), fd;
        ssize_t n;

        open_all(500);
        prepare(port, body, BODY, false);
        asked.request.done = note_outcome;
        asked.request.ready = read_on;
        asked.go.run = run_request;
        told = UPSTREAM_BROKEN;
        loop_post(loop, &asked.go);
        fd = accept(listener, NULL, NULL);
        check_int(recv(fd, room, 1, 0), 1);
        check_int(send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL), sizeof answer - 1);
        while (heard < BODY && (n = recv(fd, room, sizeof room, 0)) > 0)
                heard += (size_t)n;
        check_int(wait_done()->outcome, UPSTREAM_SLOW); /* of the rest */
        check_int(told, UPSTREAM_ANSWERED);
        check_text(asked.body.at, "hi");
        close(fd);
        close(listener);
        close_all();
        free(body);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_body_follows_in_chunks),
                STORY(ready_may_start_it_again),
                STORY(an_end_given_between_two_attempts_is_sent),
                STORY(a_write_calls_nobody_back),
                STORY(a_short_answer_that_stalls_is_passed_on_while_the_request_goes_out),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
