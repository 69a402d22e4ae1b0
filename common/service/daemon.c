#include "service/daemon.h"

#include "base/clock.h"
#include "base/faults.h"
#include "base/log.h"
#include "base/metrics_process.h"
#include "base/redact.h"
#include "base/span_queue.h"
#include "data/entity.h"
#include "http/access.h"
#include "service/admin.h"
#include "service/build.h"
#include "service/describe.h"
#include "service/document.h"
#include "service/otlp.h"
#include "service/pod.h"
#include "service/settings.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
        LARGE_PIECE = 128 << 10,
        KEPT_FREE = 4 << 20, /* as much as the gateway gathers of short answers at once */
        EXIT_SETTING = 2,
        GRACE_MS = 27000,
        IN_FLIGHT_MS = 10000,
        FLUSH_MS = 2000, /* for the last traces */
};

extern char **environ;

static const struct metric_family build_families[] = {
        {"mall_build_info", "1, with the build as labels", METRIC_GAUGE, {"version", "commit"}},
        {NULL},
};

/* Of every daemon. */
static const struct metric_family *const families[] = {
        build_families, process_families, http_families, span_families,
        otlp_families,  fault_families,   NULL,
};

static void each_of(const struct metric_family *family,
                    void (*each)(void *arg, const struct metric_family *family), void *arg)
{
        for (; family->name; family++)
                each(arg, family);
}

void daemon_families(const struct daemon *d,
                     void (*each)(void *arg, const struct metric_family *family), void *arg)
{
        for (const struct metric_family *const *table = families; *table; table++)
                each_of(*table, each, arg);
        for (const struct metric_family *const *table = d->metrics; table && *table; table++)
                each_of(*table, each, arg);
        for (const struct entity *const *e = d->entities; e && *e; e++)
                for (const struct figure *f = (*e)->figures; f && f->family.name; f++)
                        each(arg, &f->family);
}

static void declare(void *metrics, const struct metric_family *family)
{
        metrics_declare(metrics, family);
}

static int complain(const struct daemon *d, const char *why)
{
        fprintf(stderr, "%s: %s\n", d->name, why);
        return EXIT_SETTING;
}

static enum log_level log_level_of(const struct config *config)
{
        static const char *const names[] = {"debug", "info", "warn", "error"};
        const char *wanted = config_text(config, "log-level");
        int level = LOG_DEBUG;

        while (level < LOG_ERROR && strcmp(names[level], wanted) != 0)
                level++;
        return (enum log_level)level;
}

/* Frees nothing: other threads still use it. */
static void end_at_once(const char *why, int requests)
{
        char number[20];

        snprintf(number, sizeof number, "%d", requests);
        log_write(LOG_ERROR, why, "requests", requests ? number : NULL, NULL);
        log_close();
        _exit(EXIT_SUCCESS);
}

void daemon_hang_up(struct process *p)
{
        int unanswered = http_server_close(&p->server, IN_FLIGHT_MS);

        if (unanswered) {
                otlp_close(&p->otlp, FLUSH_MS);
                end_at_once("stopped with requests under way, which were told 503; ending now, "
                            "nothing committed is lost",
                            unanswered);
        }
        http_server_close(&p->management, 500);
}

static void *watch(void *arg)
{
        usleep(GRACE_MS * 1000);
        end_at_once("stopping took too long; ending now, nothing committed is lost", 0);
        return arg;
}

static void start_watchdog(void)
{
        pthread_t thread;

        if (pthread_create(&thread, NULL, watch, NULL) == 0)
                pthread_detach(thread);
}

static int open_steps(struct process *p, struct error *error)
{
        int opened = 0;

        while (p->daemon->steps[opened].name && p->daemon->steps[opened].open(p, error))
                opened++;
        return opened;
}

static void close_steps(struct process *p, int opened)
{
        while (opened-- > 0)
                p->daemon->steps[opened].close(p);
}

/* The signal that came, or 0 when the time is over. */
static int wait_signal(const sigset_t *signals, int64_t ms)
{
        struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
        int signal;

        do
                signal = sigtimedwait(signals, NULL, &t);
        while (signal < 0 && errno == EINTR);
        return signal < 0 ? 0 : signal;
}

bool daemon_wait(struct process *p, int ms)
{
        int signal = wait_signal(&p->signals, ms);

        return signal == 0 || signal == SIGHUP;
}

static void drain(struct process *p)
{
        log_write(LOG_INFO, "told to stop; draining", NULL);
        start_watchdog();
        atomic_store(&p->draining, true);
        if (p->faults) /* no request hangs on one; none begins any more */
                faults_clear(p->faults);
        http_server_drain(p->server);
        wait_signal(&p->signals, config_number(p->config, "drain"));
}

static void say_running(struct process *p)
{
        char place[300];

        snprintf(place, sizeof place, "%s:%d", config_text(p->config, "address"),
                 http_server_port(p->server));
        log_write(LOG_INFO, "running", "server.address", place, "data.dir",
                  *p->data_dir ? p->data_dir : NULL, "service.version", build_version, "git.commit",
                  build_commit, NULL);
        if (p->management) {
                snprintf(place, sizeof place, "%d", http_server_port(p->management));
                log_write(LOG_INFO, "actuator on a port of its own", "server.port", place, NULL);
        }
}

static void each_second(struct process *p, int64_t second)
{
        if (p->faults)
                faults_tick(p->faults);
        if (p->daemon->each_second)
                p->daemon->each_second(p, second);
}

/* Until a signal says stop. */
static void live(struct process *p)
{
        int64_t second = 1;
        int signal;

        while ((signal = wait_signal(&p->signals, 1000)) == 0 || signal == SIGHUP)
                if (signal == SIGHUP)
                        p->daemon->reload(p);
                else
                        each_second(p, second++);
}

static int cannot_start(const struct process *p, const char *step, const struct error *error)
{
        log_write(LOG_ERROR, "cannot start", "step", step, "error.message", error->text, NULL);
        fprintf(stderr, "%s: %s: %s\n", p->daemon->name, step, error->text);
        return error->kind == ERROR_BAD_INPUT ? EXIT_SETTING : EXIT_FAILURE;
}

static int run(struct process *p)
{
        struct error error = {0};
        int opened = open_steps(p, &error);

        if (p->daemon->steps[opened].name) {
                close_steps(p, opened);
                return cannot_start(p, p->daemon->steps[opened].name, &error);
        }
        say_running(p);
        live(p);
        drain(p);
        close_steps(p, opened);
        log_write(LOG_INFO, "stopped", NULL);
        return EXIT_SUCCESS;
}

/* The admin listener answers before the first step and after the last. */
static int run_with_admin(struct process *p)
{
        struct error error = {0};
        int status;

        if (!p->faults)
                return run(p);
        p->admin = admin_open(p, &error);
        if (!p->admin)
                return cannot_start(p, "admin", &error);
        status = run(p);
        admin_close(&p->admin);
        return status;
}

/* Signals are taken by the main thread alone, in wait_signal. */
static void take_signals(const struct daemon *d, sigset_t *signals)
{
        sigemptyset(signals);
        if (d->reload)
                sigaddset(signals, SIGHUP);
        sigaddset(signals, SIGTERM);
        sigaddset(signals, SIGINT);
        pthread_sigmask(SIG_BLOCK, signals, NULL);
        signal(SIGPIPE, SIG_IGN);
}

static void show_help(const struct daemon *d, const struct setting *settings, struct arena *arena)
{
        struct text out = text_open(arena, 4000);

        config_help(settings,
                    arena_printf(arena, "%s - %s\n\nusage: %s [--SETTING VALUE]...", d->name,
                                 d->summary, d->name),
                    &out);
        fputs(out.at, stdout);
}

static void warnings_log(const char *const *warnings)
{
        for (; *warnings; warnings++)
                log_write(LOG_WARN, *warnings, NULL);
}

/* With the log, the settings are known to be right. */
static int run_logged(struct process *p, struct arena *arena)
{
        struct otlp_settings traces = otlp_settings_read(p->config, p->daemon->name, p->pod, arena);
        int status;

        log_open(p->daemon->name, strcmp(config_text(p->config, "log"), "text") == 0,
                 log_level_of(p->config));
        warnings_log(config_warnings(p->config));
        warnings_log(traces.warnings);
        p->otlp = otlp_open(&traces, p->metrics);
        status = run_with_admin(p);
        faults_close(&p->faults); /* which logs */
        otlp_close(&p->otlp, FLUSH_MS);
        log_close();
        return status;
}

static int configured(struct process *p, const struct setting *settings, struct arena *arena)
{
        const char *build[] = {build_version, build_commit};
        struct error error = {0};
        char shown[REDACTED];
        int status;

        if (config_wants_help(p->config)) {
                show_help(p->daemon, settings, arena);
                return EXIT_SUCCESS;
        }
        if (config_wants_version(p->config)) {
                printf("%s %s (%s)\n", p->daemon->name, build_version, build_commit);
                return EXIT_SUCCESS;
        }
        if (config_is_set(p->config, "describe")) {
                describe(p->daemon, settings, stdout);
                return EXIT_SUCCESS;
        }
        if (config_arguments(p->config)[0])
                return complain(p->daemon,
                                arena_printf(arena, "unexpected argument %s",
                                             redact(config_arguments(p->config)[0], shown)));
        p->metrics = metrics_open();
        metrics_process_add(p->metrics);
        daemon_families(p->daemon, declare, p->metrics);
        metric_set(metrics_series(p->metrics, &build_families[0], build), 1);
        p->faults = admin_faults(p); /* configure may pass it on */
        if (p->daemon->configure)
                p->daemon->configure(p, &error);
        if (error.kind != ERROR_NONE || !pod_name(p->config, p->daemon->name, p->pod, &error)) {
                faults_close(&p->faults);
                metrics_close(&p->metrics);
                return complain(p->daemon, error.text);
        }
        status = run_logged(p, arena);
        metrics_close(&p->metrics);
        return status;
}

int daemon_main(const struct daemon *d, void *own, int argc, char **argv)
{
        struct process p = {.daemon = d, .own = own};
        struct arena *arena = arena_open();
        const struct setting *settings = settings_of(d->port, d->settings, arena);
        struct error error = {0};
        int status;

        /* an arena for each thread would waste megabytes */
        mallopt(M_ARENA_MAX, 2);
        /* fixed, so that large pieces always go back to the system when they are freed */
        mallopt(M_MMAP_THRESHOLD, LARGE_PIECE);
        /* else each batch and each large answer gives memory back that the next one asks for */
        mallopt(M_TRIM_THRESHOLD, KEPT_FREE);
        document_init();
        take_signals(d, &p.signals);
        p.config = config_open(settings, argc, argv, environ, &error);
        status = p.config ? configured(&p, settings, arena) : complain(d, error.text);
        config_close(&p.config);
        arena_close(&arena);
        return status;
}
