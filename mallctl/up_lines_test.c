/* The daemons' lines: whole, in order, and nobody's in another's. */
#include "mallctl/up_lines.h"
#include "testing/check.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ALL_MOST = 1 << 20 };

static struct up_lines *lines;
static int from, to; /* of the output */
static char all[ALL_MOST];
static size_t got;

static void output_open(bool named)
{
        int ends[2];

        signal(SIGPIPE, SIG_IGN);
        check(pipe2(ends, O_NONBLOCK) == 0);
        from = ends[0];
        to = ends[1];
        lines = up_lines_open(to, named);
        got = 0;
        all[0] = '\0';
}

static void output_close(void)
{
        up_lines_close(&lines);
        close(to);
        if (from >= 0)
                close(from);
}

/* A daemon; *in is where it writes. */
static struct up_source *daemon_open(const char *name, int *in, int file)
{
        int ends[2];

        check(pipe2(ends, O_NONBLOCK) == 0);
        *in = ends[1];
        return up_source_open(lines, name, ends[0], file);
}

static void put(int in, const char *text)
{
        check_int(write(in, text, strlen(text)), (int64_t)strlen(text));
}

/* Writes once if the output takes it. */
static bool write_once(void)
{
        struct pollfd p = {.fd = up_lines_fd(lines), .events = POLLOUT};

        if (!up_lines_wait(lines) || poll(&p, 1, 0) <= 0)
                return false;
        up_lines_write(lines);
        return true;
}

static const char *read_all(void)
{
        ssize_t n;

        do {
                bool wrote = write_once();

                n = read(from, all + got, ALL_MOST - 1 - got);
                if (n > 0)
                        got += (size_t)n;
                else if (!wrote)
                        break;
        } while (true);
        all[got] = '\0';
        return all;
}

static void a_line_is_passed_on_when_it_is_whole(void)
{
        struct up_source *a, *b;
        int in_a, in_b;

        output_open(false);
        a = daemon_open("order", &in_a, -1);
        b = daemon_open("delivery", &in_b, -1);
        put(in_a, "{\"a\":");
        up_source_read(a);
        put(in_b, "{\"b\":1}\n{\"b\":");
        up_source_read(b);
        check_text(read_all(), "{\"b\":1}\n");
        put(in_a, "1}\n");
        up_source_read(a);
        put(in_b, "2}\n");
        up_source_read(b);
        check_text(read_all(), "{\"b\":1}\n{\"a\":1}\n{\"b\":2}\n");
        put(in_a, "its last words");
        close(in_a);
        close(in_b);
        for (int i = 0; i < 3; i++) {
                up_source_read(a);
                up_source_read(b);
        }
        check(!up_source_holds(a) && !up_source_holds(b));
        check_contains(read_all(), "\nits last words\n");
        up_source_close(&a);
        up_source_close(&b);
        output_close();
}

static void for_people_a_name_stands_in_front_and_a_file_keeps_all(void)
{
        static const char *const hidden[] = {
                "INFO GET /topology 200 1ms\n",
                "INFO GET /actuator/prometheus 404 1ms\n",
                "INFO GET /orders?size=1000&page=0 200 1ms\n",
                "INFO GET /orders?page=0&size=8&sort=id,desc 200 1ms\n",
                "INFO GET /movements?size=1&x=y 200 1ms\n",
                "INFO GET /assets/a.js 304 1ms\n"};
        static const char *const shown[] = {
                "INFO GET /orders/1 200 1ms\n", "INFO GET /orders?page=0&size=3 200 1ms\n",
                "INFO GET /topology 500 1ms\n", "INFO running\n", "INFO POST /faults 201 1ms\n"};
        struct up_source *a;
        char kept[4000] = "";
        int in, file = memfd_create("kept", 0);

        check(file >= 0);
        output_open(true);
        a = daemon_open("order", &in, dup(file));
        for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
                put(in, hidden[i]);
        for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
                put(in, shown[i]);
        up_source_read(a);
        check_text(read_all(), "order    | INFO GET /orders/1 200 1ms\n"
                               "order    | INFO GET /orders?page=0&size=3 200 1ms\n"
                               "order    | INFO GET /topology 500 1ms\n"
                               "order    | INFO running\n"
                               "order    | INFO POST /faults 201 1ms\n");
        check(pread(file, kept, sizeof kept - 1, 0) > 0);
        for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
                check_contains(kept, hidden[i]);
        for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
                check_contains(kept, shown[i]);
        close(in);
        close(file);
        up_source_close(&a);
        output_close();
}

static void nothing_is_hidden_from_a_program(void)
{
        struct up_source *a;
        int in;

        output_open(false);
        a = daemon_open("order", &in, -1);
        put(in, "INFO GET /topology 200 1ms\n");
        up_source_read(a);
        check_text(read_all(), "INFO GET /topology 200 1ms\n");
        close(in);
        up_source_close(&a);
        output_close();
}

/* Lines of 10 to 5,000 bytes from two daemons, while the reader is slow: none is lost or broken. */
static void a_slow_reader_gets_every_line_whole(void)
{
        enum { ROUNDS = 300 };
        struct up_source *sources[2];
        int in[2], seen[2] = {0}, sent[2] = {0};
        char line[6000];

        output_open(false);
        for (int i = 0; i < 2; i++)
                sources[i] = daemon_open("x", &in[i], -1);
        for (int round = 0; round < 20 * ROUNDS; round++) {
                int i = round % 2, len = 10 + (sent[i] * 977) % 5000;

                memset(line, 'a' + i, (size_t)len);
                line[len] = '\n';
                if (sent[i] < ROUNDS && write(in[i], line, (size_t)len + 1) == len + 1)
                        sent[i]++;
                if (up_source_wants(sources[i]))
                        up_source_read(sources[i]);
                if (round % 3 == 0)
                        write_once();
        }
        for (int i = 0; i < 2; i++)
                close(in[i]);
        while (up_source_holds(sources[0]) || up_source_holds(sources[1]) || up_lines_wait(lines)) {
                read_all();
                for (int i = 0; i < 2; i++)
                        up_source_read(sources[i]);
        }
        read_all();
        for (char *at = all, *end; (end = strchr(at, '\n')); at = end + 1) {
                int i = *at - 'a';

                check(i == 0 || i == 1);
                check(strspn(at, i ? "b" : "a") == (size_t)(end - at));
                check_int(end - at, 10 + (seen[i]++ * 977) % 5000);
        }
        for (int i = 0; i < 2; i++) {
                check(sent[i] > 10);
                check_int(seen[i], sent[i]);
                up_source_close(&sources[i]);
        }
        output_close();
}

static void a_line_without_end_is_cut(void)
{
        struct up_source *a;
        static char piece[4097];
        int in;

        output_open(false);
        a = daemon_open("order", &in, -1);
        memset(piece, 'x', 4096);
        for (int i = 0; i < 17; i++) {
                put(in, piece);
                up_source_read(a);
        }
        read_all();
        check_int((int64_t)got, UP_LINE_MOST + 1);
        check_int(all[UP_LINE_MOST], '\n');
        close(in);
        up_source_read(a);
        read_all();
        check_int((int64_t)got, UP_LINE_MOST + 1 + 4096 + 1);
        up_source_close(&a);
        output_close();
}

static void a_terminal_that_stands_still_holds_up_nothing(void)
{
        enum { LINES = 100 };
        static char line[UP_LINE_MOST / 8], kept[sizeof line * LINES + 1];
        struct up_source *a;
        int in, file = memfd_create("kept", 0);

        output_open(true);
        a = daemon_open("order", &in, dup(file));
        memset(line, 'x', sizeof line - 2);
        line[sizeof line - 2] = '\n';
        for (int i = 0; i < LINES; i++) {
                put(in, line);
                check(up_source_wants(a));
                up_source_read(a);
        }
        check_int(pread(file, kept, sizeof kept, 0), (int64_t)strlen(line) * LINES);
        read_all();
        put(in, "on again\n");
        up_source_read(a);
        check_contains(read_all(), "x\nmallctl: ");
        check_contains(all, " lines were not shown; log/ has them\norder    | on again\n");
        close(in);
        close(file);
        up_source_close(&a);
        output_close();
}

static void where_nobody_reads_lines_are_thrown_away_and_the_file_has_them(void)
{
        struct up_source *a;
        char kept[100] = "";
        int in, file = memfd_create("kept", 0);

        output_open(true);
        close(from);
        from = -1;
        a = daemon_open("order", &in, dup(file));
        put(in, "one\n");
        up_source_read(a);
        check(write_once() && !up_lines_wait(lines));
        put(in, "two\n");
        up_source_read(a);
        check(!up_lines_wait(lines) && up_source_wants(a));
        check(pread(file, kept, sizeof kept - 1, 0) > 0);
        check_text(kept, "one\ntwo\n");
        close(in);
        close(file);
        up_source_close(&a);
        output_close();
}

static void a_disk_that_is_full_takes_lines_again_once_it_has_room(void)
{
        char kept[100] = "";
        int full = open("/dev/full", O_WRONLY | O_CLOEXEC), file = memfd_create("output", 0);

        check(full >= 0 && file >= 0);
        lines = up_lines_open(full, true);
        up_lines_say(lines, "lost\n");
        check(write_once() && !up_lines_wait(lines));
        check(dup2(file, full) == full); /* as if the disk had got room */
        up_lines_say(lines, "kept\n");
        check(write_once() && !up_lines_wait(lines));
        check(pread(file, kept, sizeof kept - 1, 0) > 0);
        check_text(kept, "kept\n");
        up_lines_close(&lines);
        close(full);
        close(file);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_line_is_passed_on_when_it_is_whole),
                STORY(for_people_a_name_stands_in_front_and_a_file_keeps_all),
                STORY(nothing_is_hidden_from_a_program),
                STORY(a_slow_reader_gets_every_line_whole),
                STORY(a_line_without_end_is_cut),
                STORY(a_terminal_that_stands_still_holds_up_nothing),
                STORY(where_nobody_reads_lines_are_thrown_away_and_the_file_has_them),
                STORY(a_disk_that_is_full_takes_lines_again_once_it_has_room),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
