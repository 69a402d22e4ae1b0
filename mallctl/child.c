#include "mallctl/child.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_MS = 50, END_MS = 3000, NO_PROGRAM = 127, MOST_BYTES = 16 << 20 };

static void become(const struct child_program *p, pid_t parent)
{
        int nothing = open("/dev/null", O_RDONLY);

        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
                _exit(NO_PROGRAM);
        setsid(); /* Ctrl-C is for us: we end it when we are done */
        dup2(nothing, STDIN_FILENO);
        if (nothing > STDERR_FILENO)
                close(nothing);
        dup2(p->out, STDOUT_FILENO);
        dup2(p->err, STDERR_FILENO);
        sigprocmask(SIG_SETMASK, p->blocked, NULL);
        execvpe(p->arguments[0], (char *const *)(uintptr_t)p->arguments, p->environment);
        dprintf(STDERR_FILENO, "%s: %s", p->arguments[0], strerrordesc_np(errno));
        _exit(NO_PROGRAM);
}

pid_t child_fork(const struct child_program *program)
{
        pid_t parent = getpid(), pid = fork();

        if (pid == 0)
                become(program, parent);
        return pid;
}

bool child_start(struct child *c, const char *const *arguments, bool live)
{
        struct child_program program = {.arguments = arguments, .environment = environ};
        sigset_t none; /* we may hold some, and the child's parent's end must reach it */
        int ends[2] = {-1, -1};

        sigemptyset(&none);
        program.blocked = &none;
        *c = (struct child){0, -1, -1};
        if (live && pipe2(ends, O_CLOEXEC) == 0)
                c->out = ends[0];
        else if (!live)
                c->out = ends[1] = memfd_create("out", MFD_CLOEXEC);
        c->err = memfd_create("err", MFD_CLOEXEC);
        program.out = ends[1];
        program.err = c->err;
        if (c->out < 0 || c->err < 0 || (c->pid = child_fork(&program)) < 0) {
                c->pid = 0;
                child_close(c);
                return false;
        }
        setpgid(c->pid, c->pid); /* whoever of both is first */
        if (live)
                close(ends[1]);
        return true;
}

/* Waits so long at most, or until there is something to read. */
static bool look(int file, int64_t ms)
{
        struct pollfd one = {.fd = file, .events = POLLIN};

        return poll(&one, file >= 0, (int)ms) > 0;
}

static bool has_ended(struct child *c, int *code)
{
        int status;

        if (c->pid && waitpid(c->pid, &status, WNOHANG) != c->pid)
                return false;
        if (c->pid)
                *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        c->pid = 0;
        return true;
}

enum child_end child_wait(struct child *c, int64_t most_ms, const atomic_bool *stop, int *code)
{
        int64_t end = clock_mono_us() + most_ms * 1000;

        while (!has_ended(c, code)) {
                if (stop && atomic_load(stop))
                        return CHILD_STOPPED;
                if (clock_mono_us() >= end)
                        return CHILD_LATE;
                look(-1, LOOK_MS);
        }
        return CHILD_ENDED;
}

bool child_line(struct child *c, struct text *line, int64_t most_ms, const atomic_bool *stop)
{
        int64_t end = clock_mono_us() + most_ms * 1000;
        char byte;

        line->len = 0;
        while (clock_mono_us() < end && !(stop && atomic_load(stop))) {
                if (!look(c->out, LOOK_MS))
                        continue;
                if (read(c->out, &byte, 1) != 1)
                        return false;
                if (byte == '\n')
                        return true;
                text_char(line, byte);
        }
        return false;
}

void child_read(int file, struct text *text)
{
        char piece[8192];
        ssize_t got;
        off_t at = 0;

        while (at < MOST_BYTES && (got = pread(file, piece, sizeof piece, at)) > 0) {
                text_add(text, piece, (size_t)got);
                at += got;
        }
}

void child_close(struct child *c)
{
        int code;

        if (c->pid) {
                kill(-c->pid, SIGTERM);
                if (child_wait(c, END_MS, NULL, &code) != CHILD_ENDED) {
                        kill(-c->pid, SIGKILL);
                        waitpid(c->pid, &code, 0);
                        c->pid = 0;
                }
        }
        if (c->out >= 0)
                close(c->out);
        if (c->err >= 0)
                close(c->err);
        c->out = c->err = -1;
}
