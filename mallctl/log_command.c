#include "mallctl/command.h"

#include "base/clock.h"
#include "event/eventlog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORTION = 100 };

static int fail(const struct error *e)
{
        fprintf(stderr, "mallctl: %s\n", e->text);
        return 1;
}

static int misunderstood(const char *what)
{
        fprintf(stderr, "mallctl: %s; see mallctl --help\n", what);
        return 2;
}

static const char *file_or_default(const char *argument)
{
        return argument ? argument : "data/mall.log";
}

int log_groups_main(char **arguments)
{
        struct error e = {0};
        struct eventlog *f;
        struct eventlog_group *groups;
        struct arena *arena;
        size_t count;

        if (arguments[0] && arguments[1])
                return misunderstood("log groups takes one FILE");
        f = eventlog_open(file_or_default(arguments[0]), EVENTLOG_INSPECTS, &e);
        if (!f)
                return fail(&e);
        arena = arena_open();
        count = eventlog_groups(f, arena, &groups, &e);
        printf("%-20s %-20s %10s %10s  %s\n", "GROUP", "TOPIC", "POSITION", "LAG", "SEEN");
        for (size_t i = 0; i < count; i++) {
                const struct eventlog_group *g = &groups[i];
                char seen[CLOCK_RFC3339];

                clock_rfc3339(g->seen_ms, seen);
                printf("%-20s %-20s %10lld %10lld  %s\n", g->name, g->topic, (long long)g->position,
                       (long long)g->lag, seen);
        }
        arena_close(&arena);
        eventlog_close(&f);
        return e.kind == ERROR_NONE ? 0 : fail(&e);
}

int log_forget_main(char **arguments)
{
        struct error e = {0};
        struct eventlog *f;
        bool forgot;

        if (!arguments[0] || (arguments[1] && arguments[2]))
                return misunderstood("log forget takes a GROUP and one FILE");
        f = eventlog_open(file_or_default(arguments[1]), EVENTLOG_INSPECTS, &e);
        forgot = f && eventlog_forget(f, arguments[0], &e);
        eventlog_close(&f);
        return forgot ? 0 : fail(&e);
}

/* Control bytes and backslashes as \xNN, so that a record stays one line of five columns or
   more. */
static void print_bytes(const char *bytes, size_t len)
{
        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char)bytes[i];

                if (c < 0x20 || c == 0x7f || c == '\\')
                        printf("\\x%02x", c);
                else
                        putchar(c);
        }
}

/* offset, time, topic, key, value, headers: between tabs */
static void print_record(const struct record *r)
{
        char time[CLOCK_RFC3339];

        clock_rfc3339(r->timestamp_ms, time);
        printf("%lld\t%s\t%s\t", (long long)r->offset, time, r->topic);
        print_bytes(r->key, r->key_len);
        putchar('\t');
        print_bytes(r->value, r->value_len);
        for (size_t i = 0; i < r->header_count; i++) {
                printf("\t%s=", r->headers[i].name);
                print_bytes(r->headers[i].value, r->headers[i].len);
        }
        putchar('\n');
}

static bool dump(struct eventlog *f, int64_t from, struct error *error)
{
        struct arena *arena = arena_open();
        struct record records[PORTION];
        int64_t after = from - 1;
        size_t count;

        while ((count = eventlog_read(f, NULL, after, records, PORTION, arena, error)) > 0) {
                for (size_t i = 0; i < count; i++)
                        print_record(&records[i]);
                after = records[count - 1].offset;
                arena_reset(arena);
        }
        arena_close(&arena);
        return error->kind == ERROR_NONE;
}

static bool read_number(const char *text, int64_t *number)
{
        char *end;

        if (!text || *text < '0' || *text > '9')
                return false;
        errno = 0;
        *number = strtoll(text, &end, 10);
        return *end == '\0' && errno == 0;
}

int log_dump_main(char **arguments)
{
        const char *path = NULL;
        struct error e = {0};
        struct eventlog *f;
        int64_t from = 1;
        bool dumped;

        for (; *arguments; arguments++) {
                if (strcmp(*arguments, "--from") == 0) {
                        if (!read_number(*++arguments, &from))
                                return misunderstood("--from takes an offset");
                } else if (path) {
                        return misunderstood("log dump takes one FILE");
                } else {
                        path = *arguments;
                }
        }
        f = eventlog_open(file_or_default(path), EVENTLOG_INSPECTS, &e);
        dumped = f && dump(f, from, &e);
        eventlog_close(&f);
        return dumped ? 0 : fail(&e);
}
