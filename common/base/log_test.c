#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/trace.h"
#include "testing/check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEADLINE_US = 10 * 1000000, NOVEMBER = 1795358923 };

/* Tests print on stdout too: it belongs to the log only between stdout_take and stdout_give. */
static int kept = -1;

static void stdout_take(int fd)
{
        fflush(stdout);
        kept = dup(STDOUT_FILENO);
        dup2(fd, STDOUT_FILENO);
        close(fd);
}

static void stdout_give(void)
{
        dup2(kept, STDOUT_FILENO);
        close(kept);
}

static void stdout_to_file(void)
{
        char path[128];

        snprintf(path, sizeof path, "%s/log", check_directory());
        stdout_take(open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600));
}

/* free() it */
static char *file_text(void)
{
        char path[128], *text = NULL;
        size_t room = 0;
        FILE *f;

        snprintf(path, sizeof path, "%s/log", check_directory());
        f = fopen(path, "r");
        check(f != NULL);
        if (getdelim(&text, &room, '\0', f) < 0)
                text = memory_string("");
        fclose(f);
        return text;
}

static const char *member(const struct json *line, const char *name)
{
        const struct json *m = json_member(line, name);

        return m ? m->text : NULL;
}

/* The next line, checked to be JSON; *text moves on. */
static const struct json *line_next(struct arena *arena, char **text)
{
        struct error error = {0};
        size_t len = strcspn(*text, "\n");
        const struct json *line = json_read(arena, *text, len, &error);

        check_text(error.text, "");
        *text += len + ((*text)[len] == '\n');
        return line;
}

static void a_line_is_a_json_object(void)
{
        struct arena *arena = arena_open();
        const struct json *line;
        char *text, *rest;

        clock_set_wall_ms(NOVEMBER * INT64_C(1000) + 7);
        stdout_to_file();
        log_open("order", false, LOG_INFO);
        log_write(LOG_DEBUG, "not shown", NULL);
        log_write(LOG_INFO, "started \"here\"\n", "host.name", "\xea\xb0\x80\xff\x01", "trace.id",
                  NULL, "a", "", NULL);
        log_write(LOG_ERROR, "", NULL);
        log_close();
        stdout_give();
        clock_set_wall_ms(0);
        text = rest = file_text();
        check_contains(
                text,
                "{\"@timestamp\":\"2026-11-22T14:48:43.007Z\",\"log.level\":\"INFO\",\"message\":");
        line = line_next(arena, &rest);
        check_text(member(line, "message"), "started \"here\"\n");
        check_text(member(line, "service.name"), "order");
        check_text(member(line, "host.name"), "\xea\xb0\x80\xef\xbf\xbd\x01");
        check_text(member(line, "a"), "");
        check(!member(line, "trace.id"));
        line = line_next(arena, &rest);
        check_text(member(line, "log.level"), "ERROR");
        check_text(rest, "");
        free(text);
        arena_close(&arena);
}

static const struct log_access access_of_order = {
        .method = "GET",
        .target = "/orders/1?x=\"",
        .trace = "4bf92f35",
        .span = "00f067aa",
        .client = "10.0.0.1",
        .status = 200,
        .duration_us = 1234,
        .bytes_in = 5,
        .bytes_out = 321,
        .wall_ms = NOVEMBER * INT64_C(1000),
};

static void the_access_line_has_ecs_names(void)
{
        struct arena *arena = arena_open();
        const struct json *line;
        char *text, *rest;

        stdout_to_file();
        log_open("order", false, LOG_INFO);
        log_access(&access_of_order);
        log_close();
        stdout_give();
        text = rest = file_text();
        line = line_next(arena, &rest);
        check_text(member(line, "@timestamp"), "2026-11-22T14:48:43.000Z");
        check_text(member(line, "message"), "GET /orders/1?x=\" 200");
        check_text(member(line, "http.request.method"), "GET");
        check_text(member(line, "url.original"), "/orders/1?x=\"");
        check_text(member(line, "http.response.status_code"), "200");
        check_text(member(line, "event.duration"), "1234000");
        check_text(member(line, "http.request.body.bytes"), "5");
        check_text(member(line, "http.response.body.bytes"), "321");
        check_text(member(line, "client.ip"), "10.0.0.1");
        check_text(member(line, "trace.id"), "4bf92f35");
        check_text(member(line, "span.id"), "00f067aa");
        free(text);
        arena_close(&arena);
}

static void the_access_line_is_made_so(void)
{
        struct log_access access = access_of_order;
        char *text;

        /* a whole letter, one cut off by the end, a byte that begins none, a control character */
        access.target = "/\xea\xb0\x80\xff\x01\\\xea\xb0";
        access.client = access.span = NULL;
        access.duration_us = 0;
        stdout_to_file();
        log_open("order", false, LOG_INFO);
        log_access(&access);
        log_close();
        stdout_give();
        text = file_text();
        check_text(text, "{\"@timestamp\":\"2026-11-22T14:48:43.000Z\",\"log.level\":\"INFO\","
                         "\"message\":\"GET /\xea\xb0\x80\\ufffd\\u0001\\\\\\ufffd\\ufffd 200\","
                         "\"service.name\":\"order\",\"http.request.method\":\"GET\","
                         "\"http.response.status_code\":200,\"event.duration\":0,"
                         "\"http.request.body.bytes\":5,\"http.response.body.bytes\":321,"
                         "\"trace.id\":\"4bf92f35\","
                         "\"url.original\":\"/\xea\xb0\x80\\ufffd\\u0001\\\\\\ufffd\\ufffd\"}\n");
        free(text);
}

static void the_line_of_a_probe_is_at_debug(void)
{
        struct log_access probe = access_of_order;
        struct arena *arena = arena_open();
        char *text, *rest;

        probe.routine = true;
        probe.target = "/actuator/health";
        stdout_to_file();
        log_open("order", false, LOG_INFO);
        log_access(&probe);
        log_access(&access_of_order);
        log_close();
        log_open("order", false, LOG_DEBUG);
        log_access(&probe);
        log_access(&access_of_order);
        log_close();
        stdout_give();
        text = rest = file_text();
        check_text(member(line_next(arena, &rest), "log.level"), "INFO");
        check_text(member(line_next(arena, &rest), "log.level"), "DEBUG");
        check_text(member(line_next(arena, &rest), "log.level"), "INFO");
        check_text(rest, "");
        free(text);
        arena_close(&arena);
}

static void lines_of_a_step_have_its_ids(void)
{
        struct arena *arena = arena_open();
        const struct json *line;
        struct trace outer, inner;
        char *text, *rest;

        trace_continue(&outer, NULL);
        trace_continue(&inner, outer.parent);
        stdout_to_file();
        log_open("order", false, LOG_INFO);
        check(!log_step(&outer));
        check(log_step(&inner) == &outer);
        log_write(LOG_INFO, "inner", NULL);
        log_write(LOG_INFO, "given", "trace.id", "4bf9", NULL);
        log_step(NULL);
        log_write(LOG_INFO, "none", NULL);
        log_close();
        stdout_give();
        text = rest = file_text();
        line = line_next(arena, &rest);
        check_text(member(line, "trace.id"), outer.id);
        check_text(member(line, "span.id"), inner.span);
        line = line_next(arena, &rest);
        check_text(member(line, "trace.id"), "4bf9");
        check(!member(line, "span.id"));
        check(!member(line_next(arena, &rest), "trace.id"));
        free(text);
        arena_close(&arena);
}

static void lines_for_people(void)
{
        char *text;

        clock_set_wall_ms(NOVEMBER * INT64_C(1000));
        stdout_to_file();
        log_open("order", true, LOG_DEBUG);
        log_access(&access_of_order);
        log_write(LOG_DEBUG, "two\nlines", "a", "b c", "d", "e", NULL);
        log_close();
        stdout_give();
        clock_set_wall_ms(0);
        text = file_text();
        check_text(text, "2026-11-22T14:48:43.000Z INFO  GET /orders/1?x=\\\" 200 1.234ms "
                         "client=10.0.0.1 trace=4bf92f35\n"
                         "2026-11-22T14:48:43.000Z DEBUG two\\nlines a=\"b c\" d=e\n");
        free(text);
}

static void what_is_too_long_is_cut_and_stays_json(void)
{
        enum { LONG = 40000 };
        struct arena *arena = arena_open();
        char *value = memset(memory_alloc(LONG + 1), '"', LONG), *text, *rest;
        struct log_access access = access_of_order;
        int lines = 0;

        stdout_to_file();
        for (int shift = 0; shift < 64; shift++) { /* ends at every place of a line's end */
                log_open(
                        "order", false,
                        LOG_INFO); /* opened anew, so that none of the many long lines is dropped */
                log_write(LOG_INFO, value + LONG - 8000 - shift, "a", "b", "long", value, "after",
                          "c", NULL);
                log_write(LOG_INFO, value + shift, "a", "b", NULL);
                access.target = value + shift;
                log_access(&access);
                log_close();
        }
        memset(value, 'x', LONG);
        log_open("order", false, LOG_INFO);
        log_write(LOG_INFO, value, "a", value, NULL);
        log_close();
        stdout_give();
        free(value);
        text = rest = file_text();
        for (; *rest; lines++)
                line_next(arena, &rest);
        check_int(lines, 3 * 64 + 1);
        free(text);
        arena_close(&arena);
}

/* Reads what comes through the pipe within `ms`. */
static ssize_t pipe_read(int fd, char *text, size_t size, int ms)
{
        struct pollfd p = {.fd = fd, .events = POLLIN};

        return poll(&p, 1, ms) > 0 ? read(fd, text, size) : 0;
}

static void a_line_comes_soon_an_error_at_once(void)
{
        char text[4096];
        int ends[2];
        ssize_t info, error;

        check(pipe(ends) == 0);
        stdout_take(ends[1]);
        log_open("order", false, LOG_INFO);
        log_write(LOG_INFO, "first", NULL);
        info = pipe_read(ends[0], text, sizeof text, DEADLINE_US / 1000);
        log_write(LOG_ERROR, "second", NULL);
        error = pipe_read(ends[0], text, sizeof text - 1, DEADLINE_US / 1000);
        stdout_give();
        log_close();
        close(ends[0]);
        check(info > 0);
        check(error > 0);
        text[error] = '\0';
        check_contains(text, "second");
}

/* Nobody reads for a while: callers go on, and the log says how many lines were lost. */
static void what_is_too_much_is_dropped_and_counted(void)
{
        enum { LINES = 20000, ROOM = 1 << 23 };
        static const char count[] = "\"log.dropped\":\"";
        char *text = memory_alloc(ROOM);
        int64_t started = clock_mono_us(), lines = 0, said = 0, dropped = 0;
        size_t len = 0;
        ssize_t n;
        int ends[2];

        check(pipe(ends) == 0);
        stdout_take(ends[1]);
        log_open("order", false, LOG_INFO);
        for (int i = 0; i < LINES; i++)
                log_write(
                        LOG_INFO,
                        "a line of some length, of which many together are more than the log keeps",
                        NULL);
        while ((n = pipe_read(ends[0], text + len, ROOM - 1 - len, 500)) > 0)
                len += (size_t)n;
        log_write(LOG_INFO, "the last", NULL);
        while (len < ROOM - 1 && !strstr(text, "the last") &&
               clock_mono_us() - started < DEADLINE_US)
                len += (size_t)pipe_read(ends[0], text + len, ROOM - 1 - len, 100);
        stdout_give();
        log_close();
        close(ends[0]);
        for (const char *p = text; (p = strchr(p, '\n')); p++)
                lines++;
        for (const char *p = text; (p = strstr(p, count));
             p++) { /* two lines, if the writer's thread came late */
                dropped += strtoll(p + sizeof count - 1, NULL, 10);
                said++;
        }
        check(said > 0);
        check_int(lines - said - 1 + dropped, LINES);
        check_contains(text, "the last");
        free(text);
}

static void a_reader_that_is_stuck_or_gone_holds_nobody(void)
{
        int64_t stuck, gone;
        int ends[2];

        check(pipe(ends) == 0);
        stdout_take(ends[1]);
        log_open("order", false, LOG_INFO);
        for (int i = 0; i < 5000; i++)
                log_access(&access_of_order);
        stuck = clock_mono_us();
        log_close();
        stuck = clock_mono_us() - stuck;
        close(ends[0]);
        log_open("order", false, LOG_INFO);
        log_access(&access_of_order);
        gone = clock_mono_us();
        log_close();
        gone = clock_mono_us() - gone;
        stdout_give();
        check(stuck < DEADLINE_US);
        check(gone < DEADLINE_US);
}

static void *close_one(void *arg)
{
        log_close();
        return arg;
}

/* As a watchdog and the thread that it watches may do. */
static void several_may_close_it_at_once(void)
{
        enum { MANY = 3 };
        pthread_t threads[MANY];
        int ends[2];

        check(pipe(ends) == 0);
        stdout_take(ends[1]);
        log_open("order", false, LOG_INFO);
        for (int i = 0; i < 5000; i++)
                log_access(&access_of_order);
        for (int i = 0; i < MANY; i++)
                pthread_create(&threads[i], NULL, close_one, NULL);
        for (int i = 0; i < MANY; i++)
                pthread_join(threads[i], NULL);
        close(ends[0]);
        log_open("order", false, LOG_INFO); /* asserts that it was closed */
        log_close();
        stdout_give();
}

enum { THREADS = 4, EACH = 2000 };

static void *many_log(void *arg)
{
        (void)arg;
        for (int i = 0; i < EACH; i++) {
                log_access(&access_of_order);
                if (i % 500 == 0)
                        log_write(LOG_WARN, "now", "a", "b", NULL);
        }
        return NULL;
}

static void lines_of_many_threads_stay_whole(void)
{
        struct arena *arena = arena_open();
        pthread_t threads[THREADS];
        char *text, *rest;
        int lines = 0;

        stdout_to_file();
        log_open("order", false, LOG_INFO);
        for (int i = 0; i < THREADS; i++)
                pthread_create(&threads[i], NULL, many_log, NULL);
        for (int i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        log_close();
        stdout_give();
        text = rest = file_text();
        for (; *rest; lines++)
                line_next(arena, &rest);
        if (!strstr(text, "log.dropped"))
                check_int(lines, THREADS * (EACH + EACH / 500));
        free(text);
        arena_close(&arena);
}

static void *close_too(void *arg)
{
        (void)arg;
        log_close();
        return NULL;
}

/* A watchdog may close the log while the main thread closes it, which takes a while if nobody
   reads. */
static void it_may_be_closed_twice_at_once(void)
{
        pthread_t threads[THREADS];
        int ends[2];

        check(pipe(ends) == 0);
        stdout_take(ends[1]);
        for (int round = 0; round < 3; round++) {
                log_open("order", false, LOG_INFO);
                for (int i = 0; i < 5000; i++)
                        log_access(&access_of_order);
                for (int i = 0; i < THREADS; i++)
                        pthread_create(&threads[i], NULL, close_too, NULL);
                for (int i = 0; i < THREADS; i++)
                        pthread_join(threads[i], NULL);
        }
        close(ends[0]);
        stdout_give();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_line_is_a_json_object),
                STORY(the_access_line_has_ecs_names),
                STORY(the_access_line_is_made_so),
                STORY(the_line_of_a_probe_is_at_debug),
                STORY(lines_of_a_step_have_its_ids),
                STORY(lines_for_people),
                STORY(what_is_too_long_is_cut_and_stays_json),
                STORY(a_line_comes_soon_an_error_at_once),
                STORY(what_is_too_much_is_dropped_and_counted),
                STORY(a_reader_that_is_stuck_or_gone_holds_nobody),
                STORY(several_may_close_it_at_once),
                STORY(lines_of_many_threads_stay_whole),
                STORY(it_may_be_closed_twice_at_once),
                {NULL, NULL},
        };

        signal(SIGPIPE, SIG_IGN);
        return check_main(stories, argc, argv);
}
