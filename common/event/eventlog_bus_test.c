/* What only the event log promises: many processes, retention, clear errors for bad files. */
#include "event/bus.h"

#include "base/clock.h"
#include "event/eventlog.h"
#include "testing/check.h"
#include "testing/publish.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_US = 30 * 1000 * 1000, DAY_MS = 24 * 60 * 60 * 1000 };

static const char *path_of_log(void)
{
        static char path[128];

        snprintf(path, sizeof path, "%s/mall.log", check_directory());
        return path;
}

static struct bus_config config_of_log(void)
{
        static char url[160];

        snprintf(url, sizeof url, "log:%s", path_of_log());
        return (struct bus_config){.url = url, .client = "test", .retention_ms = 7LL * DAY_MS};
}

static struct bus *open_bus(const char *group)
{
        struct bus_config config = config_of_log();
        struct error e = {0};
        struct bus *bus =
                group ? bus_open_reader(&config, group, &e) : bus_open_publisher(&config, &e);

        check_text(e.text, "");
        return bus;
}

static void say(struct bus *bus, const char *value)
{
        struct record r = {.value = value, .value_len = strlen(value)};
        struct error e;

        check_int((int64_t)bus_publish(bus, &r, 1, 5000, &e), 1);
}

/* Reads and applies all there is. */
static void hear_all(const char *group)
{
        struct bus *reader = open_bus(group);
        struct arena *arena = arena_open();
        struct record r[100];
        struct error e;

        while (bus_poll(reader, r, 100, 0, arena, &e) > 0)
                bus_commit(reader);
        arena_close(&arena);
        bus_close(&reader, 0);
}

static struct eventlog *inspect(void)
{
        struct error e = {0};
        struct eventlog *f = eventlog_open(path_of_log(), EVENTLOG_INSPECTS, &e);

        check_text(e.text, "");
        return f;
}

static int64_t first_offset(int64_t *last)
{
        struct eventlog *f = inspect();
        struct arena *arena = arena_open();
        struct record r;
        struct error e;
        int64_t first = eventlog_read(f, NULL, 0, &r, 1, arena, &e) ? r.offset : 0;

        *last = eventlog_end(f, "mall");
        arena_close(&arena);
        eventlog_close(&f);
        return first;
}

static void old_events_go_when_all_have_passed(void)
{
        const int64_t start = 1795358923623;
        struct bus *publisher, *lagging;
        struct eventlog *f;
        struct error e = {0};
        int64_t last;

        clock_set_wall_ms(start);
        publisher = open_bus(NULL);
        for (int i = 0; i < 1200; i++)
                say(publisher, "old");
        hear_all("quick");
        lagging = open_bus("slow");
        bus_close(&lagging, 0);

        clock_set_wall_ms(start + 8LL * DAY_MS);
        say(publisher, "held up by the slow group");
        check_int(first_offset(&last), 1);
        f = inspect();
        check(eventlog_forget(f, "slow", &e));
        check(!eventlog_forget(f, "slow", &e));
        check_int(e.kind, ERROR_NOT_FOUND);
        eventlog_close(&f);

        clock_set_wall_ms(start + 8LL * DAY_MS + 61 * 1000);
        for (int64_t end = clock_mono_us() + PATIENCE_US; first_offset(&last) <= 1200;) {
                check(clock_mono_us() < end);
                say(publisher, "another");
        }
        check_int(first_offset(&last), 1201); /* `quick` has not passed that one */
        bus_close(&publisher, 0);
        clock_set_wall_ms(0);
}

static void offsets_never_repeat(void)
{
        const int64_t start = 1795358923623;
        struct bus *publisher;
        int64_t last, before;

        clock_set_wall_ms(start);
        publisher = open_bus(NULL);
        for (int i = 0; i < 10; i++)
                say(publisher, "old");
        hear_all("g");
        bus_close(&publisher, 0);
        clock_set_wall_ms(start + 30LL * DAY_MS);
        {
                struct error e = {0};
                struct eventlog *f = inspect();
                char holder[128];
                bool more;

                check(eventlog_retire(f, start + 20LL * DAY_MS, &more, holder, &e));
                check(!more && !holder[0]);
                eventlog_close(&f);
        }
        check_int(first_offset(&before), 10);
        publisher = open_bus(NULL);
        say(publisher, "new");
        first_offset(&last);
        check_int(last, before + 1);
        bus_close(&publisher, 0);
        clock_set_wall_ms(0);
}

static void write_file(const char *bytes)
{
        FILE *f = fopen(path_of_log(), "w");

        check(f != NULL);
        fputs(bytes, f);
        fclose(f);
}

static void expect_refusal(const char *part)
{
        struct bus_config config = config_of_log();
        struct error e = {0};
        struct bus *bus = bus_open_reader(&config, "g", &e);

        check(!bus);
        check_int(e.kind, ERROR_INTERNAL);
        check_contains(e.text, part);
        check_contains(e.text, path_of_log());
}

static void alter(const char *sql)
{
        sqlite3 *db;

        check_int(sqlite3_open(path_of_log(), &db), SQLITE_OK);
        check_int(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
}

static void bad_files_are_refused(void)
{
        struct bus *publisher;

        write_file("This was the log of the mall, before the disk failed.");
        expect_refusal("is damaged");
        unlink(path_of_log());
        alter("CREATE TABLE accounts (a); PRAGMA user_version = 3");
        expect_refusal("is no event log");
        unlink(path_of_log());
        publisher = open_bus(NULL);
        bus_close(&publisher, 0);
        alter("PRAGMA user_version = 3");
        expect_refusal("newer version");
}

static void spoil(const char *end)
{
        char path[300];
        struct stat about;
        FILE *f;

        snprintf(path, sizeof path, "%s%s", path_of_log(), end);
        f = fopen(path, "r+");
        check(f && fstat(fileno(f), &about) == 0);
        for (off_t i = 0; i < about.st_size; i++)
                putc(0xff, f);
        fclose(f);
}

/* It says so, and waits as long as if nothing had come, so that a polling loop does not spin. */
static void a_log_that_is_damaged_under_its_reader_is_no_reason_to_hurry(void)
{
        enum { WAIT_MS = 300 };
        struct bus *publisher = open_bus(NULL), *reader = open_bus("group");
        struct arena *arena = arena_open();
        struct error e = {0};
        struct record r;

        say(publisher, "1");
        spoil("");
        spoil("-wal");
        for (int i = 0; i < 2; i++) {
                int64_t before = clock_mono_us();

                check_int((int64_t)bus_poll(reader, &r, 1, WAIT_MS, arena, &e), 0);
                check_int(e.kind, ERROR_INTERNAL);
                check_contains(e.text, path_of_log());
                check(clock_mono_us() - before >= WAIT_MS * 1000);
        }
        bus_wake(reader); /* which ends the wait all the same */
        check_int((int64_t)bus_poll(reader, &r, 1, 60 * 1000, arena, &e), 0);
        arena_close(&arena);
        bus_close(&reader, 0);
        bus_close(&publisher, 0);
}

enum { WRITERS = 3, ROUNDS = 60, BATCH = 7 };

/* Rows of many and of one beside each other. */
static const int batch_of[WRITERS] = {BATCH, 1, 4};

/* The records that a writer knows to be durable, kept where they outlive the writer. */
struct promised {
        _Atomic int values[WRITERS];
};

static void write_until_killed(struct promised *promised, int writer)
{
        struct bus_config config = config_of_log();
        struct error e;
        struct bus *bus = bus_open_publisher(&config, &e);
        char values[BATCH][16];
        struct record r[BATCH];
        int batch = batch_of[writer];

        while (bus) {
                int from = atomic_load(&promised->values[writer]);

                for (int i = 0; i < batch; i++) {
                        snprintf(values[i], sizeof values[i], "%d", from + i + 1);
                        r[i] = (struct record){.key = &"012"[writer],
                                               .key_len = 1,
                                               .value = values[i],
                                               .value_len = strlen(values[i])};
                }
                if (bus_publish(bus, r, (size_t)batch, 5000, &e) == (size_t)batch)
                        atomic_store(&promised->values[writer], from + batch);
        }
        _exit(1);
}

static pid_t start_writer(struct promised *promised, int writer)
{
        pid_t pid = fork();

        if (pid == 0)
                write_until_killed(promised, writer);
        return pid;
}

struct read_so_far {
        int64_t offset;
        int most[WRITERS];
        int steps_back;
};

/* A writer that was killed appends again what it does not know to be durable: so numbers may
   step back, but never skip. */
static bool hear_some(struct bus *reader, struct read_so_far *heard, int wait_ms)
{
        struct arena *arena = arena_open();
        struct record r[200];
        struct error e;
        size_t count = bus_poll(reader, r, 200, wait_ms, arena, &e);

        for (size_t i = 0; i < count; i++) {
                int writer = r[i].key[0] - '0', value = atoi(r[i].value);
                int *most = &heard->most[writer];

                check_int(r[i].offset, ++heard->offset);
                check(value <= *most + 1);
                heard->steps_back += value == *most + 1 ? 0 : (value - 1) % batch_of[writer] == 0;
                if (value > *most)
                        *most = value;
        }
        arena_close(&arena);
        return count > 0;
}

static void killed_writers_lose_nothing(void)
{
        struct promised *promised = mmap(NULL, sizeof *promised, PROT_READ | PROT_WRITE,
                                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        struct bus *reader = open_bus("g");
        struct read_so_far heard = {0};
        pid_t pids[WRITERS];

        for (int w = 0; w < WRITERS; w++)
                pids[w] = start_writer(promised, w);
        for (int round = 0; round < ROUNDS; round++) {
                int w = round % WRITERS, delay_us = (round * 7919) % 20000;

                for (int64_t end = clock_mono_us() + delay_us; clock_mono_us() < end;)
                        hear_some(reader, &heard, 1);
                kill(pids[w], SIGKILL);
                waitpid(pids[w], NULL, 0);
                if (round < ROUNDS - WRITERS)
                        pids[w] = start_writer(promised, w);
        }
        while (hear_some(reader, &heard, 100))
                ;
        for (int w = 0; w < WRITERS; w++)
                check(heard.most[w] >= promised->values[w]);
        check(heard.most[0] + heard.most[1] + heard.most[2] > 0);
        check(heard.steps_back <= ROUNDS);
        bus_close(&reader, 0);
        munmap(promised, sizeof *promised);
}

static void a_file_that_grew_shrinks_its_wal(void)
{
        char *value = memory_alloc(BUS_VALUE_MAX);
        struct bus *publisher = open_bus(NULL);
        char wal[160];
        FILE *f;

        for (int i = 0; i < 200; i++) {
                struct record r = {.value = value, .value_len = BUS_VALUE_MAX};
                struct error e;

                check_int((int64_t)bus_publish(publisher, &r, 1, 5000, &e), 1);
        }
        snprintf(wal, sizeof wal, "%s-wal", path_of_log());
        f = fopen(wal, "r");
        check(f && fseek(f, 0, SEEK_END) == 0 && ftell(f) < 70 * 1000 * 1000);
        fclose(f);
        free(value);
        bus_close(&publisher, 0);
}

static const struct story stories[] = {
        STORY(old_events_go_when_all_have_passed),
        STORY(offsets_never_repeat),
        STORY(bad_files_are_refused),
        STORY(a_log_that_is_damaged_under_its_reader_is_no_reason_to_hurry),
        STORY(killed_writers_lose_nothing),
        STORY(a_file_that_grew_shrinks_its_wal),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return check_main(stories, argc, argv);
}
