#include "http/loop.h"
#include "testing/conversation.h"

#include <semaphore.h>
#include <stdatomic.h>

/* One request at a time. The worker's thread writes here, the test reads after a semaphore or the
   answer. */
static struct play {
        struct http_server *server;
        int64_t taken; /* bytes of the body that came, their order checked */
        bool disorder;
        bool reluctant;     /* takes nothing the first time it is asked */
        int busy_ms;        /* how long the thread has no time for the next piece */
        struct timer timer; /* goes on a little later */
        struct http_request *request;
        const char *answer; /* sent in pieces of three; '.' waits, '!' breaks it off, '+' adds a
                               trailer */
        bool unknown_length;
        atomic_int gone, ended;
        sem_t over;
} play;

static void go_on(struct timer *timer)
{
        (void)timer;
        http_go_on(play.request);
}

static void go_on_later(struct http_request *r)
{
        play.request = r;
        play.timer.due = go_on;
        loop_timer(r->loop, &play.timer, 20000);
}

static void count(const char *data, size_t len)
{
        for (size_t i = 0; i < len; i++)
                play.disorder |= data[i] != (char)('a' + play.taken++ % 26);
}

static long pull(struct http_request *r, char *to, size_t room)
{
        size_t len = strcspn(play.answer, ".!+");
        char next = *play.answer;

        if (len) {
                len = len > 3 ? 3 : len;
                len = len > room ? room : len;
                memcpy(to, play.answer, len);
                play.answer += len;
                return (long)len;
        }
        if (!next)
                return HTTP_PULL_END;
        play.answer++;
        if (next == '!')
                return HTTP_PULL_BROKEN;
        if (next == '+') {
                http_answer_trailer(r, "X-Sum", "42");
                return pull(r, to, room);
        }
        go_on_later(r);
        return HTTP_PULL_LATER;
}

static enum http_result handle(struct http_request *r, void *arg)
{
        (void)arg;
        count(r->body, r->body_len);
        if (strcmp(r->path, "/refuse") == 0) {
                http_answer_problem(r, 404, "nothing here");
                http_answer_header(r, "Retry-After", "1");
                return HTTP_ANSWERED;
        }
        if (strcmp(r->path, "/hang") == 0) {
                play.request = r;
                return HTTP_LATER;
        }
        if (!r->partial)
                http_resume(r);
        return HTTP_LATER;
}

static void finish(struct http_request *r, void *arg)
{
        (void)arg;
        if (play.answer) {
                r->answer.status = 200;
                r->answer.pull = pull;
                r->answer.pull_len =
                        play.unknown_length ? -1 : (int64_t)strspn(play.answer, "abcdefghij.");
                for (const char *p = play.answer; *p; p++)
                        r->answer.pull_len -= *p == '.' && !play.unknown_length;
                return;
        }
        http_answer_problem(r, 200, "%lld bytes, %s, total %lld", (long long)play.taken,
                            play.disorder ? "mixed up" : "in order", (long long)r->body_total);
}

static size_t take(struct http_request *r, const char *data, size_t len, void *arg)
{
        (void)arg;
        if (!len) {
                http_resume(r);
                return 0;
        }
        if (play.reluctant) {
                play.reluctant = false;
                go_on_later(r);
                return 0;
        }
        poll(NULL, 0, play.busy_ms);
        count(data, len);
        return len;
}

static void gone(struct http_request *r, void *arg)
{
        (void)arg;
        atomic_fetch_add(&play.gone, 1);
        if (r->answer.status == 0)
                http_resume(r);
}

static void ended(struct http_request *r, void *arg)
{
        (void)r, (void)arg;
        atomic_fetch_add(&play.ended, 1);
        sem_post(&play.over);
}

static void enter(int worker, struct loop *loop, void *arg)
{
        (void)worker, (void)loop, (void)arg;
}

static void leave(int worker, void *arg)
{
        (void)worker, (void)arg;
}

static const struct http_streams streams = {1000, take, gone, ended, enter, leave, NULL};

static void begin(const char *answer)
{
        struct http_config config =
                config_of_test((struct http_handler){handle, finish, NULL, &streams});

        play = (struct play){.answer = answer};
        sem_init(&play.over, 0, 0);
        play.server = server_of_test(&config);
}

static void end(void)
{
        http_server_close(&play.server, 5000);
        sem_destroy(&play.over);
}

static void wait_ended(void)
{
        while (sem_wait(&play.over) != 0)
                ;
}

enum { LONG = 90000 };

/* A body that repeats the alphabet, with a length or in chunks of 997. */
static const char *post(const char *path, size_t len, bool chunked)
{
        static char text[2 * LONG];
        char *to = text;

        to += sprintf(to, "POST %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n", path);
        if (!chunked)
                to += sprintf(to, "Content-Length: %zu\r\n\r\n", len);
        else
                to += sprintf(to, "Transfer-Encoding: chunked\r\n\r\n");
        for (size_t i = 0; i < len; i++) {
                size_t rest = len - i;

                if (chunked && i % 997 == 0)
                        to += sprintf(to, "%s%zx\r\n", i ? "\r\n" : "",
                                      rest < 997 ? rest : (size_t)997);
                *to++ = (char)('a' + i % 26);
        }
        strcpy(to, chunked ? "\r\n0\r\n\r\n" : "");
        return text;
}

static const char *answer_to(const char *request)
{
        const char *answer = ask(http_server_port(play.server), request);

        wait_ended();
        return answer;
}

static void a_long_body_comes_in_pieces(void)
{
        begin(NULL);
        check(strstr(answer_to(post("/", LONG, false)), "90000 bytes, in order, total 90000") !=
              NULL);
        end();
}

static void chunks_of_unknown_number_come_in_pieces(void)
{
        begin(NULL);
        check(strstr(answer_to(post("/", LONG, true)), "90000 bytes, in order, total -1") != NULL);
        end();
}

static void a_short_body_comes_whole(void)
{
        begin(NULL);
        check(strstr(answer_to(post("/", 1000, false)), "1000 bytes, in order") != NULL);
        end();
}

static void who_takes_nothing_lets_the_client_wait(void)
{
        begin(NULL);
        play.reluctant = true;
        check(strstr(answer_to(post("/", LONG, false)), "90000 bytes, in order") != NULL);
        end();
}

static void a_body_that_comes_faster_than_it_is_taken_is_not_stuck(void)
{
        begin(NULL);
        play.busy_ms = 1100;
        check(strstr(answer_to(post("/", LONG, false)), "90000 bytes, in order") != NULL);
        end();
}

static void a_long_body_can_be_refused(void)
{
        const char *answer;

        begin(NULL);
        answer = ask(http_server_port(play.server), post("/refuse", LONG, false));
        check_int(status_of(answer), 404);
        check(strstr(answer, "\r\nRetry-After: 1\r\n") != NULL);
        check(strstr(answer, "nothing here") != NULL);
        end();
}

static void a_body_above_the_limit_is_refused_on_its_way(void)
{
        static char request[LONG * 3];
        char *to = request +
                   sprintf(request,
                           "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");

        for (int i = 0; i < 110; i++) {
                to += sprintf(to, "3e8\r\n");
                memset(to, 'x', 1000);
                to += 1000;
                to += sprintf(to, "\r\n");
        }
        begin(NULL);
        check_int(status_of(answer_to(request)), 413);
        check(play.taken <= 100000);
        end();
}

static void an_answer_of_known_length_comes_in_pieces(void)
{
        const char *answer;

        begin("abcdefg.hij");
        answer = answer_to("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        check(strstr(answer, "Content-Length: 10\r\n") != NULL);
        check(strstr(answer, "\r\n\r\nabcdefghij") != NULL);
        end();
}

static void an_answer_of_unknown_length_comes_in_chunks_with_its_trailer(void)
{
        const char *answer;

        begin("abc.de+");
        play.unknown_length = true;
        answer = answer_to("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        check(strstr(answer, "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 42\r\n\r\n") != NULL);
        end();
}

static void a_piece_leaves_at_once(void)
{
        bool over;
        int fd;

        begin("abc..........................");
        play.unknown_length = true;
        fd = dial(http_server_port(play.server));
        say_text(fd, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        check(strstr(hear(fd, "abc", &over), "abc") != NULL);
        check(!over); /* while the rest is half a second away */
        close(fd);
        end();
}

static void what_breaks_off_does_not_end_cleanly(void)
{
        const char *answer;

        begin("abc!");
        play.unknown_length = true;
        answer = answer_to("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        check(strstr(answer, "abc") != NULL);
        check(strstr(answer, "\r\n0\r\n") == NULL);
        end();
}

static void a_head_is_asked_for_its_length_only(void)
{
        const char *answer;

        begin("abc");
        answer = answer_to("HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        check(strstr(answer, "Content-Length: 3\r\n") != NULL);
        check(strstr(answer, "\r\n\r\n")[4] == '\0');
        end();
}

static void who_hangs_up_while_waiting_is_noticed(void)
{
        int fd;

        begin(NULL);
        fd = dial(http_server_port(play.server));
        say_text(fd, "GET /hang HTTP/1.1\r\nHost: h\r\n\r\n");
        while (http_server_in_flight(play.server) == 0)
                poll(NULL, 0, 1);
        poll(NULL, 0, 20); /* the request is with its handler */
        close(fd);
        wait_ended();
        check_int(play.gone, 1);
        end();
        check_int(play.ended, 1);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_long_body_comes_in_pieces),
                STORY(chunks_of_unknown_number_come_in_pieces),
                STORY(a_short_body_comes_whole),
                STORY(who_takes_nothing_lets_the_client_wait),
                STORY(a_body_that_comes_faster_than_it_is_taken_is_not_stuck),
                STORY(a_long_body_can_be_refused),
                STORY(a_body_above_the_limit_is_refused_on_its_way),
                STORY(an_answer_of_known_length_comes_in_pieces),
                STORY(an_answer_of_unknown_length_comes_in_chunks_with_its_trailer),
                STORY(a_piece_leaves_at_once),
                STORY(what_breaks_off_does_not_end_cleanly),
                STORY(a_head_is_asked_for_its_length_only),
                STORY(who_hangs_up_while_waiting_is_noticed),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
