#include "mallctl/up_lines.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUT_MOST = 4 * UP_LINE_MOST, BEFORE_MOST = 128 };

/* What the console asks for as long as somebody looks: some twenty lines a second, among which
   nobody would see an order's. The gateway answers 404 where it hides its metrics. */
static const char asked_all_the_time[] =
        "GET /(actuator/[^ ]* [0-9]"
        "|(topology|books|faults|dead|assets/[^ ]*"
        "|openapi\\.json|[a-z0-9_]+\\?size=1000&page=[0-9]+" /* the audit */
        "|[a-z0-9_]+\\?page=[0-9]+&size=[18]&sort=id,desc"   /* the tables */
        "|movements(\\?[^ ]*)?) [1-4])[0-9][0-9]([^0-9]|$)";

struct up_lines {
        int out, fd;               /* as it was given, and as we write to it */
        bool named, is_file, gone; /* gone: nobody reads it */
        regex_t hidden;
        size_t unseen;     /* lines that it had no room for */
        size_t first, len; /* what is to be written: at[first] and on */
        char at[OUT_MOST];
};

struct up_source {
        struct up_lines *lines;
        char *name;
        int fd, file;
        size_t len;
        char at[UP_LINE_MOST + 2]; /* room for a line's end that was not written, and a NUL */
};

/* ---- the output ---- */

static bool is_regular(int fd)
{
        struct stat s;

        return fstat(fd, &s) == 0 && S_ISREG(s.st_mode);
}

/* A terminal that somebody stopped (Ctrl-S) takes less than poll says: a write would wait for it.
   Another description of it may be non-blocking, while who shares ours sees nothing of that. */
static int patient(int fd)
{
        char path[32];
        int own = -1;

        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (isatty(fd))
                own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        return own < 0 ? fd : own;
}

struct up_lines *up_lines_open(int fd, bool named)
{
        struct up_lines *lines = memory_alloc(sizeof *lines);

        lines->out = fd;
        lines->fd = patient(fd);
        lines->named = named;
        lines->is_file = is_regular(fd);
        if (regcomp(&lines->hidden, asked_all_the_time, REG_EXTENDED | REG_NOSUB) != 0)
                abort(); /* a constant */
        return lines;
}

void up_lines_close(struct up_lines **lines)
{
        if (!*lines)
                return;
        if ((*lines)->fd != (*lines)->out)
                close((*lines)->fd);
        regfree(&(*lines)->hidden);
        free(*lines);
        *lines = NULL;
}

static bool make_room(struct up_lines *lines, size_t len)
{
        if (lines->first + lines->len + len <= OUT_MOST)
                return true;
        if (lines->len + len > OUT_MOST)
                return false;
        memmove(lines->at, lines->at + lines->first, lines->len);
        lines->first = 0;
        return true;
}

static void add(struct up_lines *lines, const char *bytes, size_t len)
{
        memcpy(lines->at + lines->first + lines->len, bytes, len);
        lines->len += len;
}

void up_lines_say(struct up_lines *lines, const char *text)
{
        size_t len = strlen(text);

        if (!lines->gone && make_room(lines, len))
                add(lines, text, len);
}

bool up_lines_wait(const struct up_lines *lines)
{
        return lines->len > 0;
}

int up_lines_fd(const struct up_lines *lines)
{
        return lines->fd;
}

/* As many whole lines as a write takes without blocking, after poll said that it takes some. */
static size_t piece(const struct up_lines *lines)
{
        const char *from = lines->at + lines->first, *end;

        if (lines->is_file || lines->len <= PIPE_BUF)
                return lines->len;
        end = memrchr(from, '\n', PIPE_BUF);
        return end ? (size_t)(end - from) + 1 : PIPE_BUF;
}

void up_lines_write(struct up_lines *lines)
{
        ssize_t n = write(lines->fd, lines->at + lines->first, piece(lines));

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
                return;
        if (n <= 0) { /* the terminal, or the reader, is gone; a disk may have room again later */
                lines->gone = errno != ENOSPC && errno != EDQUOT;
                n = (ssize_t)lines->len;
        }
        lines->first += (size_t)n;
        lines->len -= (size_t)n;
        if (!lines->len)
                lines->first = 0;
}

/* ---- a daemon's lines ---- */

struct up_source *up_source_open(struct up_lines *lines, const char *name, int fd, int file)
{
        struct up_source *s = memory_alloc(sizeof *s);

        s->lines = lines;
        s->name = memory_string(name);
        s->fd = fd;
        s->file = file;
        return s;
}

static void end_input(struct up_source *s)
{
        if (s->fd >= 0)
                close(s->fd);
        s->fd = -1;
}

void up_source_close(struct up_source **source)
{
        struct up_source *s = *source;

        if (!s)
                return;
        end_input(s);
        if (s->file >= 0)
                close(s->file);
        free(s->name);
        free(s);
        *source = NULL;
}

/* line: with its end, which a NUL follows for regexec */
static bool is_hidden(const struct up_lines *lines, char *line, size_t len)
{
        char next = line[len];
        bool hidden;

        if (!memmem(line, len, "GET /", 5))
                return false;
        line[len] = '\0';
        hidden = regexec(&lines->hidden, line, 0, NULL, 0) == 0;
        line[len] = next;
        return hidden;
}

/* A file that takes no more costs the line there, nothing else. */
static void keep(const struct up_source *s, const char *line, size_t len)
{
        ssize_t n;

        do
                n = s->file >= 0 ? write(s->file, line, len) : 0;
        while (n < 0 && errno == EINTR);
}

/* For people, who may have stopped their terminal: the file has what it has no room for. */
static void show(struct up_source *s, const char *line, size_t len)
{
        struct up_lines *lines = s->lines;
        char before[BEFORE_MOST];
        int before_len = 0;

        if (lines->unseen)
                before_len = snprintf(before, sizeof before,
                                      "mallctl: %zu lines were not shown; log/ has them\n",
                                      lines->unseen);
        before_len += snprintf(before + before_len, sizeof before - (size_t)before_len, "%-8s | ",
                               s->name);
        if (!make_room(lines, (size_t)before_len + len)) {
                lines->unseen++;
                return;
        }
        lines->unseen = 0;
        add(lines, before, (size_t)before_len);
        add(lines, line, len);
}

/* False: the output has no room for it yet. */
static bool pass(struct up_source *s, char *line, size_t len)
{
        struct up_lines *lines = s->lines;

        if (!lines->gone && !lines->named && !make_room(lines, len))
                return false;
        keep(s, line, len);
        if (lines->gone)
                return true;
        if (!lines->named)
                add(lines, line, len);
        else if (!is_hidden(lines, line, len))
                show(s, line, len);
        return true;
}

/* Passes on each whole line that the output has room for. */
static void move(struct up_source *s)
{
        char *line = s->at, *end;

        if (s->len == UP_LINE_MOST && !memchr(s->at, '\n', s->len))
                s->at[s->len++] = '\n';
        while ((end = memchr(line, '\n', s->len - (size_t)(line - s->at)))) {
                if (!pass(s, line, (size_t)(end - line) + 1))
                        break;
                line = end + 1;
        }
        s->len -= (size_t)(line - s->at);
        memmove(s->at, line, s->len);
}

bool up_source_wants(const struct up_source *s)
{
        const struct up_lines *lines = s->lines;

        return s->fd >= 0 &&
               (lines->gone || lines->named || lines->len <= OUT_MOST - 2 * UP_LINE_MOST);
}

bool up_source_holds(const struct up_source *s)
{
        return s->fd >= 0 || s->len > 0;
}

int up_source_fd(const struct up_source *s)
{
        return s->fd;
}

void up_source_read(struct up_source *s)
{
        ssize_t n;

        move(s);
        if (s->fd < 0 || s->len >= UP_LINE_MOST)
                return;
        n = read(s->fd, s->at + s->len, UP_LINE_MOST - s->len);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
                return;
        if (n > 0) {
                s->len += (size_t)n;
        } else {
                if (s->len && s->at[s->len - 1] != '\n')
                        s->at[s->len++] = '\n'; /* its last line had no end */
                end_input(s);
        }
        move(s);
}
