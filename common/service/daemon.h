/* daemon - the life of a process, told once: settings, log, steps opened top to bottom, readiness,
   signals, and the same steps closed bottom to top.

   SIGTERM and SIGINT: readiness is 503 at once, answers say `Connection: close`, MALL_DRAIN later
   the steps close and the process exits 0, inside 30 s also when the bus is away or a commit hangs
   (a watchdog ends it then; committed rows are safe at any moment). A second signal ends the
   waiting. Exit codes: 0 asked to stop, 1 something at start or run failed, 2 a setting is wrong. A
   step that fails with ERROR_BAD_INPUT is a wrong setting. */
#ifndef SERVICE_DAEMON_H
#define SERVICE_DAEMON_H

#include "base/config.h"
#include "base/metrics.h"
#include "http/server.h"

#include <signal.h>
#include <stdatomic.h>

struct admin;
struct entity;
struct event_type;
struct faults;
struct otlp;
struct process;
struct reaction;

struct step {
        const char *name;
        bool (*open)(struct process *process, struct error *error);
        void (*close)(struct process *process); /* also called when a later step fails to open;
                                                   never when its own open failed */
};

/* A further page below /actuator. */
struct actuator_page {
        const char *name; /* "gateway/routes" */
        const char *type;
        void (*write)(struct process *process, struct text *out);
};

struct daemon {
        const char *name, *summary;
        int port;                       /* default of MALL_PORT */
        const struct setting *settings; /* its own, beside the common ones; NULL: none */
        /* For --describe: the rows it keeps, the events it hears, and those it says beside the ones
           of its rows. Each list ends as in struct service; NULL: none. */
        const struct entity *const *entities;
        const struct reaction *reactions;
        const struct event_type *const *says;
        /* Its metrics, beside those of every daemon and of its rows (metrics.h); NULL: none */
        const struct metric_family *const *metrics;
        const struct step *steps;          /* ends with a NULL name */
        const struct actuator_page *pages; /* ends with a NULL name; NULL: none */
        uint32_t fault_kinds; /* 1 << FAULT_...: what can fail on purpose, beside what can in every
                                 daemon (HTTP, probes, resources) */
        /* For a warning about a fault that strikes nothing: whether it has the route; notes in
           `known` which it has. NULL: it has no routes. */
        bool (*has_route)(struct process *process, const char *id, struct text *known);
        bool shy; /* shows only health and info of the actuator on the main port (the gateway) */

        /* Whether its threads make progress. NULL: they do. */
        bool (*is_alive)(struct process *process);
        /* Whether what it depends on works. NULL: it does. */
        bool (*is_well)(struct process *process);
        /* False: something is broken that only a person can mend, and why is the reason. Health
           tells it, the probes stay UP. NULL: nothing is. */
        bool (*is_whole)(struct process *process, char why[256]);

        /* Before the steps; may call config_from_file. */
        void (*configure)(struct process *process, struct error *error);
        /* On SIGHUP, on the main thread. NULL: the signal keeps its meaning. */
        void (*reload)(struct process *process);
        /* Housekeeping, on the main thread. */
        void (*each_second)(struct process *process, int64_t second);
};

/* One a process; owned by daemon_main. */
struct process {
        const struct daemon *daemon;
        struct config *config;
        struct metrics *metrics;
        struct http_server *server, *management;
        struct otlp *otlp;           /* NULL: no traces are exported */
        struct faults *faults;       /* what fails on purpose; NULL: there is no admin listener */
        struct admin *admin;         /* where that is said; NULL: there is none */
        struct allowance memory;     /* of both servers' requests */
        char data_dir[4096];         /* absolute; "" where the daemon keeps nothing */
        char pod[HTTP_POD_MOST + 1]; /* its name among its replicas (pod.h) */
        sigset_t signals; /* the main thread waits for these; no other thread takes them */
        _Atomic bool draining;
        void *own; /* the daemon's */
};

/* All metrics of the daemon; some more than once. */
void daemon_families(const struct daemon *daemon,
                     void (*each)(void *arg, const struct metric_family *family), void *arg);

int daemon_main(const struct daemon *daemon, void *own, int argc, char **argv);

/* For a step: opens the HTTP server on MALL_PORT (and the management port's) in front of the
   handler. /actuator is answered by the daemon itself. daemon_hang_up is the step's other half: it
   returns when no request is under way any more. If one does not end within 10 s, its client gets
   503 and the process ends at once. */
bool daemon_listen(struct process *process, const struct http_handler *handler,
                   struct error *error);
void daemon_hang_up(struct process *process);

/* For a step that waits for something: false when the daemon was told to stop in the meantime. */
bool daemon_wait(struct process *process, int ms);

#endif
