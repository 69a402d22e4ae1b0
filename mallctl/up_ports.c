#include "mallctl/up_ports.h"

#include "base/text.h"
#include "mallctl/names.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LAST_PORT = 65535, EASY_STEP = 10000 };

/* A daemon has up to three; `of` is how far above its own port each is. */
static const struct kind {
        const char *words; /* after the daemon's name */
        const char *flag;  /* which asks for it */
        size_t offset;     /* of the number in struct up_daemon */
        int step;
} kinds[] = {
        {"", "--port", offsetof(struct up_daemon, port), 0},
        {"'s admin port", "--faults", offsetof(struct up_daemon, admin), UP_ADMIN_STEP},
        {"'s metrics", "--metrics", offsetof(struct up_daemon, metrics), UP_METRICS_STEP},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static int port_of(const struct up_daemon *d, const struct kind *kind)
{
        int port;

        memcpy(&port, (const char *)d + kind->offset, sizeof port);
        return port;
}

static const char *whose(struct arena *arena, const struct up_daemon *d, const struct kind *kind)
{
        return arena_printf(arena, "%s%s", d->name, kind->words);
}

/* ---- what the command line says ---- */

static const char **names_of(const struct up_plan *p)
{
        const char **names = arena_alloc(p->arena, (p->count + 1) * sizeof *names);

        for (size_t i = 0; i < p->count; i++)
                names[i] = p->daemons[i].name;
        return names;
}

/* 0: it is no port. */
static int port_read(const char *text)
{
        int port = 0;

        if (!*text || strlen(text) > 5 || text[strspn(text, "0123456789")])
                return 0;
        for (; *text; text++)
                port = port * 10 + *text - '0';
        return port <= LAST_PORT ? port : 0;
}

static bool move_one(struct up_plan *p, const char *pair, struct error *error)
{
        size_t len = strcspn(pair, "=");
        const char *name = arena_copy(p->arena, pair, len);
        struct up_daemon *d = up_plan_named(p, name);
        int port = pair[len] ? port_read(pair + len + 1) : 0;

        if (d && port)
                d->port = port;
        else if (d)
                return error_set(error, ERROR_BAD_INPUT,
                                 "--port %.80s: expected NAME=PORT, with a port from 1 to %d", pair,
                                 LAST_PORT);
        else
                return error_set(error, ERROR_BAD_INPUT,
                                 "--port %.80s: expected NAME=PORT, and no daemon has this name%s",
                                 pair, names_hint(p->arena, name, names_of(p)));
        return true;
}

static bool follow(struct up_plan *p, struct up_daemon *d, struct error *error)
{
        d->admin = p->faults ? d->port + UP_ADMIN_STEP : 0;
        d->metrics = p->metrics && d->is_gateway ? d->port + UP_METRICS_STEP : 0;
        for (const struct kind *k = kinds; k < kinds + KINDS; k++)
                if (port_of(d, k) > LAST_PORT)
                        return error_set(error, ERROR_BAD_INPUT,
                                         "%s takes the port of %s + %d too, which is too large "
                                         "for %d",
                                         k->flag, d->name, k->step, d->port);
        return true;
}

bool up_ports_set(struct up_plan *p, const char *list, struct error *error)
{
        for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
                if (!move_one(p, arena_copy(p->arena, at, strcspn(at, ",")), error))
                        return false;
        for (size_t i = 0; i < p->count; i++)
                if (!follow(p, &p->daemons[i], error))
                        return false;
        return true;
}

/* ---- whether they are free ---- */

static bool binds(const struct addrinfo *at)
{
        int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
        int yes = 1, no = 0;
        bool good = true; /* what else may be wrong, the daemon says */

        if (fd < 0)
                return true;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (at->ai_family == AF_INET6)
                setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
        if (bind(fd, at->ai_addr, at->ai_addrlen) != 0)
                good = errno != EADDRINUSE;
        close(fd);
        return good;
}

static bool is_free(const char *address, int port)
{
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                 .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
                        *list;
        char service[16];
        bool good;

        snprintf(service, sizeof service, "%d", port);
        if (getaddrinfo(address, service, &hints, &list) != 0)
                return true;
        good = binds(list);
        freeaddrinfo(list);
        return good;
}

static bool is_free_for(const struct up_plan *p, const struct kind *kind, int port)
{
        bool inside = kind->offset == offsetof(struct up_daemon, admin); /* MALL_ADMIN_ADDRESS */

        return is_free(inside ? "127.0.0.1" : p->address ? p->address : "0.0.0.0", port);
}

static bool is_planned(const struct up_plan *p, int port)
{
        for (size_t i = 0; i < p->count; i++)
                for (const struct kind *k = kinds; k < kinds + KINDS; k++)
                        if (port_of(&p->daemons[i], k) == port)
                                return true;
        return false;
}

/* Can the daemon go there, with all that follows from it? */
static bool is_place(const struct up_plan *p, const struct up_daemon *d, int port)
{
        for (const struct kind *k = kinds; k < kinds + KINDS; k++)
                if (port_of(d, k) && (port + k->step > LAST_PORT || is_planned(p, port + k->step) ||
                                      !is_free_for(p, k, port + k->step)))
                        return false;
        return true;
}

/* One that is easy to remember, if there is one. */
static int another(const struct up_plan *p, const struct up_daemon *d)
{
        int port = d->port + EASY_STEP;

        if (port > LAST_PORT)
                port = EASY_STEP + d->port % EASY_STEP;
        while (port < LAST_PORT && !is_place(p, d, port))
                port++;
        return port;
}

static void say_shared(const struct up_plan *p, const struct up_daemon *d, const struct kind *kind,
                       struct text *out)
{
        for (size_t i = 0; i < p->count; i++)
                for (const struct kind *k = kinds; k < kinds + KINDS; k++) {
                        const struct up_daemon *other = &p->daemons[i];

                        if (other == d && k == kind)
                                return; /* each pair once */
                        if (port_of(other, k) == port_of(d, kind))
                                text_printf(out, "%sport %d is that of %s and %s",
                                            out->len ? "\n" : "", port_of(d, kind),
                                            whose(p->arena, other, k), whose(p->arena, d, kind));
                }
}

static void say_taken(const struct up_plan *p, const struct up_daemon *d, const struct kind *kind,
                      struct text *out)
{
        int port = port_of(d, kind), free;

        if (is_free_for(p, kind, port))
                return;
        free = another(p, d);
        text_printf(out,
                    "%sport %d, which %s needs, is taken (`ss -ltnp sport = :%d` shows by whom); "
                    "`make run PORTS=%s=%d`, or `mallctl up --port %s=%d`, gives it another",
                    out->len ? "\n" : "", port, whose(p->arena, d, kind), port, d->name, free,
                    d->name, free);
}

static void each_port(const struct up_plan *p,
                      void (*say)(const struct up_plan *plan, const struct up_daemon *d,
                                  const struct kind *kind, struct text *out),
                      struct text *out)
{
        for (size_t i = 0; i < p->count; i++)
                for (const struct kind *k = kinds; k < kinds + KINDS; k++)
                        if (port_of(&p->daemons[i], k))
                                say(p, &p->daemons[i], k, out);
}

const char *up_ports_trouble(const struct up_plan *p)
{
        struct text out = text_open(p->arena, 200);

        each_port(p, say_shared, &out);
        if (!out.len)
                each_port(p, say_taken, &out);
        return out.len ? out.at : NULL;
}
