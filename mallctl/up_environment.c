#include "mallctl/up_environment.h"

#include "base/text.h"

#include <string.h>

/* value: only this one; NULL: any */
static const struct one_only {
        const char *name, *value;
} one_only[] = {
        {"MALL_PORT", NULL},
        {"SERVER_PORT", NULL},
        {"MALL_MANAGEMENT_PORT", NULL},
        {"MANAGEMENT_SERVER_PORT", NULL},
        {"MALL_ADMIN_PORT", NULL},
        /* it is for a container each: all would have the same port, and routes to other hosts */
        {"MALL_PROFILE", "docker"},
        {"SPRING_PROFILES_ACTIVE", "docker"},
        {NULL, NULL},
};

static bool is_named(const char *pair, const char *name)
{
        size_t len = strlen(name);

        return strncmp(pair, name, len) == 0 && pair[len] == '=';
}

static bool is_one_only(const char *pair)
{
        for (const struct one_only *o = one_only; o->name; o++)
                if (is_named(pair, o->name) &&
                    (!o->value || strcmp(pair + strlen(o->name) + 1, o->value) == 0))
                        return true;
        return false;
}

static bool is_empty(const char *pair)
{
        size_t len = strcspn(pair, "=");

        return !pair[len] || !pair[len + 1];
}

static size_t count_of(char *const *environment)
{
        size_t count = 0;

        while (environment[count])
                count++;
        return count;
}

const char *up_environment_value(char *const *environment, const char *name)
{
        for (; *environment; environment++)
                if (is_named(*environment, name))
                        return is_empty(*environment) ? NULL : strchr(*environment, '=') + 1;
        return NULL;
}

const char *const *up_environment_left_out(struct arena *arena, char *const *environment)
{
        const char **names = arena_alloc(arena, (count_of(environment) + 1) * sizeof *names);
        size_t count = 0;

        for (; *environment; environment++)
                if (is_one_only(*environment) && !is_empty(*environment))
                        names[count++] =
                                arena_copy(arena, *environment, strcspn(*environment, "="));
        return names;
}

/* ---- what we say ---- */

struct passed_on {
        struct arena *arena;
        char **at; /* has room */
        size_t count;
};

/* Unless the daemon does not know it, or has it already. */
static void say(struct passed_on *list, const struct up_daemon *d, char *pair)
{
        const char *name = arena_copy(list->arena, pair, strcspn(pair, "="));

        list->at[list->count] = NULL;
        if (up_daemon_knows(d, name) && !up_environment_value(list->at, name))
                list->at[list->count++] = pair;
}

static void say_number(struct passed_on *list, const struct up_daemon *d, const char *name,
                       int number)
{
        if (number)
                say(list, d, arena_printf(list->arena, "%s=%d", name, number));
}

/* "order=http://localhost:8081,...", of those but the console. */
static char *places(const struct up_plan *p, const char *variable)
{
        struct text all = text_open(p->arena, 300);

        text_printf(&all, "%s=", variable);
        for (size_t i = 0; i < p->count; i++) {
                const struct up_daemon *d = &p->daemons[i];

                if (!d->is_console)
                        text_printf(&all, "%s%s=http://%s:%d", i ? "," : "", d->name, p->host,
                                    d->metrics ? d->metrics : d->port);
        }
        return all.at;
}

static char *admin_places(const struct up_plan *p, const char *variable)
{
        struct text all = text_open(p->arena, 300);

        text_printf(&all, "%s=", variable);
        for (size_t i = 0; i < p->count; i++)
                text_printf(&all, "%s%s=http://localhost:%d", i ? "," : "", p->daemons[i].name,
                            p->daemons[i].admin);
        return all.at;
}

static void say_all(struct passed_on *list, const struct up_plan *p, const struct up_daemon *d)
{
        static char as_text[] = "MALL_LOG=text", faults_on[] = "MALL_CONSOLE_FAULTS=on";

        say(list, d, arena_printf(p->arena, "MALL_DATA_DIR=%s", p->data));
        say(list, d, places(p, "MALL_SERVICES"));
        say_number(list, d, "MALL_ADMIN_PORT", d->admin);
        say_number(list, d, "MALL_MANAGEMENT_PORT", d->metrics);
        if (p->text)
                say(list, d, as_text);
        if (p->address)
                say(list, d, arena_printf(p->arena, "MALL_ADDRESS=%s", p->address));
        if (p->routes)
                say(list, d, arena_printf(p->arena, "MALL_ROUTES=%s", p->routes));
        if (p->faults) {
                say(list, d, faults_on);
                say(list, d, admin_places(p, "MALL_ADMIN_SERVICES"));
        }
}

/* ---- what is passed on ---- */

static bool another_knows(const struct up_plan *p, const struct up_daemon *d, const char *pair)
{
        bool known = false;

        for (size_t i = 0; i < p->count; i++)
                known |= up_daemon_knows(&p->daemons[i], pair);
        return known && !up_daemon_knows(d, pair);
}

char **up_environment(const struct up_plan *p, const struct up_daemon *d, char *const *environment)
{
        enum { SAID_MOST = 20 };
        struct passed_on list = {.arena = p->arena};

        list.at = arena_alloc(p->arena, (count_of(environment) + SAID_MOST + 1) * sizeof *list.at);
        for (; *environment; environment++)
                if (!is_one_only(*environment) && !is_empty(*environment) &&
                    !is_named(*environment, "MALL_DATA_DIR") && !another_knows(p, d, *environment))
                        list.at[list.count++] = *environment;
        say_all(&list, p, d);
        list.at[list.count] = NULL;
        return list.at;
}
