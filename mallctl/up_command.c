/* up - starts all daemons of this build on this machine, and ends them together. */
#include "mallctl/command.h"
#include "mallctl/flags.h"
#include "mallctl/up_environment.h"
#include "mallctl/up_ports.h"
#include "mallctl/up_routes.h"
#include "mallctl/up_run.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct setting settings[] = {
        {.name = "bin",
         .type = SETTING_TEXT,
         .help = "the directory of the daemons' programs; unset: where mallctl itself is",
         .only_flag = true},
        {"data-dir", SETTING_TEXT, "data",
         .help = "directory of the stores and of the embedded log; with --text in log/ also of "
                 "each "
                 "daemon's lines"},
        {.name = "port",
         .type = SETTING_TEXT,
         .help = "NAME=PORT moves a daemon; the built-in routes and the console follow; may be "
                 "given "
                 "several times",
         .only_flag = true,
         .joins = true},
        {.name = "faults",
         .type = SETTING_CHOICE,
         .fallback = "no",
         .choices = "no|yes",
         .help = "each daemon has an admin port, its port + 1000, where faults to practise with "
                 "are "
                 "switched on; the console shows them",
         .only_flag = true},
        {.name = "metrics",
         .type = SETTING_CHOICE,
         .fallback = "no",
         .choices = "no|yes",
         .help = "the gateway, which shows no metrics to its clients, shows them on its port + "
                 "1100",
         .only_flag = true},
        {.name = "text",
         .type = SETTING_CHOICE,
         .choices = "no|yes",
         .help = "lines for people, with the daemon's name in front; unset: yes at a terminal",
         .only_flag = true},
        {.name = "note",
         .type = SETTING_TEXT,
         .help = "a text that is said at the end of the start",
         .only_flag = true},
        {NULL},
};

static const char usage[] =
        "usage: mallctl up [--bin DIR] [--data-dir DIR] [--port NAME=PORT]... [--faults] "
        "[--metrics] [--text]\n\n"
        "Starts all daemons of this build, says where they listen as soon as all are ready, passes "
        "their log lines on, and\n"
        "runs until SIGTERM, SIGINT (Ctrl-C) or SIGHUP: then the gateway stops, then the others; "
        "another signal hurries them.\n"
        "It may be the first process of a container. The variables of the environment reach each "
        "daemon that knows them.\n"
        "Exit 0: all of them stopped well; 1: one could not start, died or was killed; 2: not "
        "understood.\n";

/* ---- where ---- */

static const char *own_directory(struct arena *arena)
{
        char path[PATH_MAX];
        ssize_t len = readlink("/proc/self/exe", path, sizeof path);
        const char *slash = len > 0 ? memrchr(path, '/', (size_t)len) : NULL;

        return slash ? arena_copy(arena, path, (size_t)(slash - path)) : ".";
}

/* And those above it. path: not empty */
static bool make_directory(const char *path, struct error *error)
{
        char *copy = memory_string(path), *end = copy;
        bool good = true, last = false;

        while (good && !last) {
                end = strchrnul(end + 1, '/');
                last = !*end;
                *end = '\0';
                good = mkdir(copy, 0777) == 0 || errno == EEXIST ||
                       error_set(error, ERROR_UNAVAILABLE,
                                 "the directory %.200s cannot be made: %s", path, strerror(errno));
                if (!last)
                        *end = '/';
        }
        free(copy);
        return good;
}

/* The daemons' working directory is ours, but what is shown should be whole. */
static bool take_data(struct up_plan *p, const char *path, struct error *error)
{
        char whole[PATH_MAX];

        if (!make_directory(p->text ? arena_printf(p->arena, "%s/log", path) : path, error))
                return false;
        if (!realpath(path, whole))
                return error_set(error, ERROR_UNAVAILABLE, "%.200s: %s", path, strerror(errno));
        p->data = arena_string(p->arena, whole);
        return true;
}

/* A socket that takes IPv4 too. */
static bool has_ipv6(void)
{
        int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), no = 0;
        struct sockaddr_in6 any = {.sin6_family = AF_INET6};
        bool good = fd >= 0 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) == 0 &&
                    bind(fd, (const struct sockaddr *)&any, sizeof any) == 0;

        if (fd >= 0)
                close(fd);
        return good;
}

static const char *setting_of(const char *name, const char *springs)
{
        const char *value = up_environment_value(environ, name);

        return value ? value : up_environment_value(environ, springs);
}

/* Some clients (siege) try localhost's first address only, which is ::1. */
static void take_address(struct up_plan *p)
{
        const char *given = setting_of("MALL_ADDRESS", "SERVER_ADDRESS");
        bool any = !given || strcmp(given, "0.0.0.0") == 0 || strcmp(given, "::") == 0;

        p->address = given ? given : has_ipv6() ? "::" : NULL;
        p->host = any                  ? "localhost"
                  : strchr(given, ':') ? arena_printf(p->arena, "[%s]", given)
                                       : given;
}

/* ---- the command ---- */

static bool take_settings(struct up_plan *p, const struct config *config, struct error *error)
{
        const char *bin = config_text(config, "bin");

        if (config_arguments(config)[0])
                return error_set(error, ERROR_BAD_INPUT, "up takes flags only, not %.100s",
                                 config_arguments(config)[0]);
        if (!config_text(config, "data-dir")[0])
                return error_set(error, ERROR_BAD_INPUT, "--data-dir is empty");
        p->bin = bin ? bin : own_directory(p->arena);
        p->text = config_text(config, "text") ? flags_yes(config, "text") : isatty(STDOUT_FILENO);
        p->faults = flags_yes(config, "faults");
        p->metrics = flags_yes(config, "metrics");
        p->note = config_text(config, "note");
        take_address(p);
        return up_plan_describe(p, error) && up_ports_set(p, config_text(config, "port"), error);
}

/* The gateway takes a file in the working directory too. */
static const char *routes_of_a_person(void)
{
        static const char usual[] = "application.yml";
        const char *given = up_environment_value(environ, "MALL_ROUTES");

        return given || access(usual, F_OK) != 0 ? given : usual;
}

static void warn(const char *what)
{
        fprintf(stderr, "mallctl: %s\n", what);
}

static bool has_ports(const struct up_plan *p)
{
        const char *trouble = up_ports_trouble(p);

        for (const char *line = trouble; line;
             line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
                warn(arena_copy(p->arena, line, strcspn(line, "\n")));
        return !trouble;
}

static int start(struct up_plan *p, const struct config *config)
{
        const char *const *left_out = up_environment_left_out(p->arena, environ);
        const char *warning;
        struct error e = {0};

        for (; *left_out; left_out++)
                warn(arena_printf(p->arena, "%s is for one daemon and not passed on", *left_out));
        if (!has_ports(p))
                return EXIT_FAILURE;
        if (!take_data(p, config_text(config, "data-dir"), &e) ||
            !up_routes_write(p, routes_of_a_person(), &warning, &e)) {
                warn(e.text);
                return EXIT_FAILURE;
        }
        if (warning)
                warn(warning);
        return up_run(p);
}

static int run(const struct config *config)
{
        struct up_plan plan = {.arena = arena_open()};
        struct error e = {0};
        int code;

        up_run_hold_signals();
        curl_global_init(CURL_GLOBAL_NOTHING); /* no TLS here */
        if (take_settings(&plan, config, &e)) {
                code = start(&plan, config);
        } else if (e.kind == ERROR_BAD_INPUT) {
                code = flags_misunderstood("up", e.text);
        } else {
                warn(e.text);
                code = EXIT_FAILURE;
        }
        curl_global_cleanup();
        arena_close(&plan.arena);
        return code;
}

int up_main(char **arguments)
{
        static char faults[] = "--faults=yes", metrics[] = "--metrics=yes", text[] = "--text=yes";
        static const struct flags_bare bare[] = {
                {"--faults", faults}, {"--metrics", metrics}, {"--text", text}, {NULL, NULL}};

        return flags_main("up", settings, usage, run, flags_bare(arguments, bare));
}
