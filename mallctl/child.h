/* child - a program that a command starts and ends, and what it says. */
#ifndef MALLCTL_CHILD_H
#define MALLCTL_CHILD_H

#include "base/text.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
        pid_t pid;    /* 0: none; its process group has the same number */
        int out, err; /* files of its own in memory, out may be a pipe; -1: none */
};

/* arguments: the program, then its arguments, ended by NULL; PATH is searched. live: `out` is a
   pipe, to be read while it runs. It gets /dev/null to read, and ends when this process is killed.
   False: the machine gives no process. */
bool child_start(struct child *child, const char *const *arguments, bool live);

enum child_end { CHILD_ENDED, CHILD_LATE, CHILD_STOPPED };

/* What a new process becomes. */
struct child_program {
        const char *const *arguments; /* the program, which PATH is searched for, then its
                                         arguments, ended by NULL */
        char **environment;           /* ended by NULL */
        int out, err;                 /* its stdout and stderr */
        const sigset_t *blocked;      /* its signal mask */
};

/* Starts it in a session of its own, so that Ctrl-C is for us; it gets /dev/null to read, and
   SIGTERM when the thread that called this ends, also by kill -9. -1: the machine gives no process.
 */
pid_t child_fork(const struct child_program *program);

/* Waits until it has ended by itself; code: its exit code, 127 where there is no such program,
   128 and more by a signal. */
enum child_end child_wait(struct child *child, int64_t most_ms, const atomic_bool *stop, int *code);

/* The next line of a live one without its end. False: there is none, as it ended, the time is over,
   or it was stopped. */
bool child_line(struct child *child, struct text *line, int64_t most_ms, const atomic_bool *stop);

/* All that it wrote so far to `out` (not live) or `err`. */
void child_read(int file, struct text *text);

/* Ends it if it runs: SIGTERM, and SIGKILL when it does not end within three seconds. */
void child_close(struct child *child);

#endif
