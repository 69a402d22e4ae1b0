#include "mallctl/up_plan.h"

#include "base/json.h"
#include "mallctl/child.h"
#include "mallctl/services.h"

#include <string.h>
#include <unistd.h>

enum { ASK_MS = 60000 }; /* ends only what hangs */

static const char *const names[] = {DAEMONS};

enum { DAEMON_COUNT = sizeof names / sizeof *names };

bool up_daemon_knows(const struct up_daemon *daemon, const char *name)
{
        size_t len = strcspn(name, "=");

        for (const char *const *v = daemon->variables; *v; v++)
                if (strlen(*v) == len && memcmp(*v, name, len) == 0)
                        return true;
        return false;
}

/* ---- what a program prints ---- */

static bool ask(struct child *child, const struct up_daemon *d, const char *flag,
                struct error *error)
{
        return child_start(child, (const char *const[]){d->program, flag, NULL}, false) ||
               error_set(error, ERROR_INTERNAL, "%s cannot be started: the machine has no room",
                         d->program);
}

static const char *answer(struct arena *arena, struct child *child, const struct up_daemon *d,
                          const char *flag, struct error *error)
{
        struct text said = text_open(arena, 32 << 10), why = text_open(arena, 100);
        int code = -1;

        if (child_wait(child, ASK_MS, NULL, &code) == CHILD_ENDED && code == 0) {
                child_read(child->out, &said);
                return said.at;
        }
        child_read(child->err, &why);
        error_set(error, ERROR_UNAVAILABLE, "%s %s ended with %d%s%.*s", d->program, flag, code,
                  why.len ? ": " : "", (int)strcspn(why.at, "\n"), why.at);
        return NULL;
}

const char *up_plan_ask(struct up_plan *p, const struct up_daemon *d, const char *flag,
                        struct error *error)
{
        struct child child = {0, -1, -1};
        const char *said = NULL;

        if (ask(&child, d, flag, error)) {
                said = answer(p->arena, &child, d, flag, error);
                child_close(&child);
        }
        return said;
}

/* ---- what it says of itself ---- */

static const char **variables_of(struct arena *arena, const struct json *settings)
{
        size_t count = 0;
        const char **all;

        for (const struct json *s = settings->first; s; s = s->next)
                count++;
        all = arena_alloc(arena, (count + 1) * sizeof *all);
        count = 0;
        for (const struct json *s = settings->first; s; s = s->next) {
                const struct json *variable = json_member(s, "variable");

                if (variable && variable->type == JSON_STRING)
                        all[count++] = variable->text;
        }
        return all;
}

static bool understand(struct arena *arena, struct up_daemon *d, const char *said,
                       struct error *error)
{
        const struct json *all = json_read(arena, said, strlen(said), error);
        const struct json *name = json_member(all, "name"),
                          *settings = json_member(all, "settings");

        if (!name || !settings || name->type != JSON_STRING || strcmp(name->text, d->name) != 0)
                return error_set(error, ERROR_BAD_INPUT,
                                 "%s is no daemon of this mall: --describe says something else",
                                 d->program);
        d->variables = variables_of(arena, settings);
        d->usual = d->port = (int)json_whole(json_member(all, "port"), 0);
        d->is_gateway = up_daemon_knows(d, "MALL_ROUTES");
        d->is_console = up_daemon_knows(d, "MALL_SERVICES");
        return true;
}

static bool find(struct up_plan *p, struct error *error)
{
        p->count = DAEMON_COUNT;
        p->daemons = arena_alloc(p->arena, p->count * sizeof *p->daemons);
        for (size_t i = 0; i < p->count; i++) {
                struct up_daemon *d = &p->daemons[i];

                d->name = names[i];
                d->program = arena_printf(p->arena, "%s/%s", p->bin, d->name);
                if (access(d->program, X_OK) != 0)
                        return error_set(error, ERROR_BAD_INPUT,
                                         "there is no program %.200s; --bin names the directory of "
                                         "the daemons",
                                         d->program);
        }
        return true;
}

/* All at once: each takes some milliseconds to start. */
bool up_plan_describe(struct up_plan *p, struct error *error)
{
        struct child children[DAEMON_COUNT];
        bool good = find(p, error);
        size_t asked = 0;

        while (good && asked < p->count) {
                good = ask(&children[asked], &p->daemons[asked], "--describe", error);
                asked += good;
        }
        for (size_t i = 0; i < asked; i++) {
                const char *said =
                        good ? answer(p->arena, &children[i], &p->daemons[i], "--describe", error)
                             : NULL;

                good = said && understand(p->arena, &p->daemons[i], said, error);
                child_close(&children[i]);
        }
        return good;
}

struct up_daemon *up_plan_gateway(const struct up_plan *p)
{
        for (size_t i = 0; i < p->count; i++)
                if (p->daemons[i].is_gateway)
                        return &p->daemons[i];
        return NULL;
}

struct up_daemon *up_plan_named(const struct up_plan *p, const char *name)
{
        for (size_t i = 0; i < p->count; i++)
                if (strcmp(p->daemons[i].name, name) == 0)
                        return &p->daemons[i];
        return NULL;
}
