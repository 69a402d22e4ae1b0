#include "mallctl/up_run.h"

#include "base/clock.h"
#include "base/text.h"
#include "mallctl/child.h"
#include "mallctl/up_environment.h"
#include "mallctl/up_lines.h"
#include "mallctl/up_ready.h"
#include "mallctl/up_table.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
        READY_MS = 60000,
        FRONT_MS = 5000, /* a gateway that is busy for longer does not hold up the others */
        STOP_MS = 30000, /* a daemon ends by itself before */
        FLUSH_MS = 1000, /* for an output that stands still */
};

enum up_state {
        UP_STARTING,
        UP_RUNNING,  /* all are ready */
        UP_CLOSING,  /* the gateway was told to stop: no request may meet a service that has gone */
        UP_STOPPING, /* all were told to stop */
};

struct runner {
        const struct up_plan *plan;
        struct up_lines *lines;
        struct up_source **sources;
        size_t started; /* so many have a source */
        pid_t *pids;    /* 0: it has ended */
        struct pollfd *files;
        struct up_ready *ready;
        int signals; /* a signalfd */
        enum up_state state;
        int64_t deadline_us; /* of the state */
        int code;
};

/* ---- what is said ---- */

/* For people it goes between the daemons' lines; else these are a program's, and it does not. */
static void say(struct runner *r, const char *text)
{
        if (r->plan->text)
                up_lines_say(r->lines, text);
        else if (poll(&(struct pollfd){.fd = STDERR_FILENO, .events = POLLOUT}, 1, 0) > 0)
                fputs(text, stderr); /* what stands still must not hold up the daemons' end */
}

static void complain(struct runner *r, const char *name, const char *what)
{
        say(r, arena_printf(r->plan->arena, "mallctl: %s %s\n", name, what));
        r->code = 1;
}

static const char *end_of(struct arena *arena, int status)
{
        if (WIFEXITED(status))
                return arena_printf(arena, "exit code %d", WEXITSTATUS(status));
        return arena_printf(arena, "signal %d, %s", WTERMSIG(status), strsignal(WTERMSIG(status)));
}

/* ---- start ---- */

static void signals_of(sigset_t *set)
{
        struct sigaction hangup;

        sigemptyset(set);
        sigaddset(set, SIGTERM);
        sigaddset(set, SIGINT);
        if (sigaction(SIGHUP, NULL, &hangup) != 0 || hangup.sa_handler != SIG_IGN)
                sigaddset(set, SIGHUP); /* nohup ignores it */
        sigaddset(set, SIGCHLD);
}

void up_run_hold_signals(void)
{
        sigset_t set;

        signals_of(&set);
        sigprocmask(SIG_BLOCK, &set, NULL);
        signal(SIGCHLD, SIG_DFL); /* one that ignores it loses how its children ended */
        signal(SIGPIPE, SIG_IGN);
}

/* Only for people: a container's logs are its output, and its disk is not for them. */
static int log_file(const struct up_plan *p, const char *name)
{
        const char *path = arena_printf(p->arena, "%s/log/%s.log", p->data, name);

        return p->text ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
}

static bool start_one(struct runner *r, size_t i)
{
        const struct up_daemon *d = &r->plan->daemons[i];
        const char *port = arena_printf(r->plan->arena, "%d", d->port);
        struct child_program program = {
                .arguments = (const char *const[]){d->program, "--port", port, NULL},
                .environment = up_environment(r->plan, d, environ),
        };
        sigset_t blocked;
        int ends[2];

        /* A daemon that is told to stop before it takes signals stops when it does. */
        sigemptyset(&blocked);
        sigaddset(&blocked, SIGTERM);
        program.blocked = &blocked;
        if (pipe2(ends, O_CLOEXEC) != 0)
                return false;
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        program.out = program.err = ends[1];
        r->sources[i] = up_source_open(r->lines, d->name, ends[0], log_file(r->plan, d->name));
        r->started++;
        r->pids[i] = child_fork(&program);
        close(ends[1]);
        if (r->pids[i] > 0)
                return true;
        r->pids[i] = 0;
        return false;
}

static struct up_ready *ask_whether_ready(const struct up_plan *p)
{
        const char **bases = arena_alloc(p->arena, p->count * sizeof *bases);

        for (size_t i = 0; i < p->count; i++)
                bases[i] = arena_printf(p->arena, "http://%s:%d", p->host, p->daemons[i].port);
        return up_ready_open(bases, p->count);
}

static void say_where(struct runner *r)
{
        struct text table = text_open(r->plan->arena, 2000);

        up_table_write(r->plan, r->pids, up_environment_value(environ, "MALL_DB_URL"),
                       up_environment_value(environ, "MALL_BUS_URL"), &table);
        say(r, table.at);
}

/* ---- stop ---- */

static void enter(struct runner *r, enum up_state state, int64_t most_ms)
{
        r->state = state;
        r->deadline_us = clock_mono_us() + most_ms * 1000;
}

/* The last first. */
static void signal_all(const struct runner *r, bool gateways, bool others, int number)
{
        for (size_t i = r->plan->count; i-- > 0;)
                if (r->pids[i] && (r->plan->daemons[i].is_gateway ? gateways : others))
                        kill(r->pids[i], number);
}

static bool gateway_lives(const struct runner *r)
{
        const struct up_daemon *gateway = up_plan_gateway(r->plan);

        return gateway && r->pids[gateway - r->plan->daemons];
}

static bool any_lives(const struct runner *r)
{
        for (size_t i = 0; i < r->plan->count; i++)
                if (r->pids[i])
                        return true;
        return false;
}

static void begin_stop(struct runner *r)
{
        enter(r, UP_CLOSING, FRONT_MS);
        signal_all(r, true, false, SIGTERM);
}

static void kill_the_late(struct runner *r)
{
        for (size_t i = 0; i < r->plan->count; i++)
                if (r->pids[i])
                        complain(r, r->plan->daemons[i].name, "did not end and was killed");
        signal_all(r, true, true, SIGKILL);
        enter(r, UP_STOPPING, STOP_MS);
}

/* The first one begins the stop; another one hurries those that are at it. */
static void take_signal(struct runner *r)
{
        if (r->state <= UP_RUNNING) {
                say(r, "\nmallctl: stopping\n");
                begin_stop(r);
        } else {
                signal_all(r, true, true, SIGTERM);
                if (r->state != UP_STOPPING) /* it puts off no SIGKILL */
                        enter(r, UP_STOPPING, STOP_MS);
        }
}

/* ---- what happens ---- */

static void note_end(struct runner *r, size_t i, int status)
{
        struct arena *arena = r->plan->arena;
        const char *end = end_of(arena, status);

        r->pids[i] = 0;
        if (r->state <= UP_RUNNING) {
                complain(r, r->plan->daemons[i].name, arena_printf(arena, "died (%s)", end));
                begin_stop(r);
        } else if (status != 0) {
                complain(r, r->plan->daemons[i].name, arena_printf(arena, "ended with %s", end));
        }
}

/* As the first process of a container we get orphans too, whose end matters to nobody. */
static void reap(struct runner *r)
{
        int status;
        pid_t pid;

        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
                for (size_t i = 0; i < r->plan->count; i++)
                        if (r->pids[i] == pid)
                                note_end(r, i, status);
}

static void take_signals(struct runner *r)
{
        struct signalfd_siginfo info;

        while (read(r->signals, &info, sizeof info) == sizeof info)
                if (info.ssi_signo != SIGCHLD)
                        take_signal(r);
        reap(r);
}

/* What follows from the time, and from who is ready or gone. */
static void move_on(struct runner *r)
{
        bool late = clock_mono_us() >= r->deadline_us;
        size_t first = r->state == UP_STARTING ? up_ready_look(r->ready) : 0;

        if (r->state == UP_STARTING && first == r->plan->count) {
                r->state = UP_RUNNING;
                up_ready_close(&r->ready);
                say_where(r);
        } else if (r->state == UP_STARTING && late) {
                complain(r, r->plan->daemons[first].name,
                         arena_printf(r->plan->arena, "is not ready after %d s", READY_MS / 1000));
                begin_stop(r);
        } else if (r->state == UP_CLOSING && (late || !gateway_lives(r))) {
                signal_all(r, false, true, SIGTERM);
                enter(r, UP_STOPPING, STOP_MS);
        } else if (r->state == UP_STOPPING && late) {
                kill_the_late(r);
        }
}

static int patience_ms(const struct runner *r)
{
        static const int ms[] = {
                [UP_STARTING] = 5, [UP_RUNNING] = 1000, [UP_CLOSING] = 50, [UP_STOPPING] = 50};

        return ms[r->state];
}

/* Waits for signals, lines, and the output. */
static void wait_for_more(struct runner *r)
{
        struct pollfd *files = r->files;
        nfds_t used = 0;

        files[used++] = (struct pollfd){.fd = r->signals, .events = POLLIN};
        for (size_t i = 0; i < r->started; i++)
                if (up_source_wants(r->sources[i]))
                        files[used++] = (struct pollfd){.fd = up_source_fd(r->sources[i]),
                                                        .events = POLLIN};
        if (up_lines_wait(r->lines))
                files[used++] = (struct pollfd){.fd = up_lines_fd(r->lines), .events = POLLOUT};
        poll(files, used, patience_ms(r));
        if (up_lines_wait(r->lines) && files[used - 1].revents)
                up_lines_write(r->lines);
}

static void take_lines(struct runner *r)
{
        for (size_t i = 0; i < r->started; i++)
                up_source_read(r->sources[i]);
}

/* The last lines, unless the output stands still. */
static void flush(struct runner *r)
{
        struct pollfd out = {.fd = up_lines_fd(r->lines), .events = POLLOUT};

        take_lines(r);
        while (up_lines_wait(r->lines) && poll(&out, 1, FLUSH_MS) > 0) {
                up_lines_write(r->lines);
                take_lines(r);
        }
}

/* ---- the whole life ---- */

static void start_all(struct runner *r)
{
        enter(r, UP_STARTING, READY_MS);
        for (size_t i = 0; i < r->plan->count && r->state == UP_STARTING; i++)
                if (!start_one(r, i)) {
                        complain(r, r->plan->daemons[i].name,
                                 "cannot be started: the machine gives no process");
                        begin_stop(r);
                }
}

static void live(struct runner *r)
{
        while (any_lives(r)) {
                move_on(r);
                wait_for_more(r);
                take_lines(r); /* a daemon's last words come before its end */
                take_signals(r);
        }
}

static void end(struct runner *r)
{
        for (size_t i = 0; i < r->started; i++)
                up_source_close(&r->sources[i]);
        up_lines_close(&r->lines);
        up_ready_close(&r->ready);
        close(r->signals);
}

int up_run(const struct up_plan *p)
{
        struct runner r = {.plan = p, .lines = up_lines_open(STDOUT_FILENO, p->text)};
        sigset_t set;

        signals_of(&set);
        r.signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
        r.sources = arena_alloc(p->arena, p->count * sizeof *r.sources);
        r.pids = arena_alloc(p->arena, p->count * sizeof *r.pids);
        r.files = arena_alloc(p->arena, (p->count + 2) * sizeof *r.files);
        r.ready = ask_whether_ready(p);
        start_all(&r);
        live(&r);
        flush(&r);
        end(&r);
        return r.code;
}
