#include "service/admin_targets.h"

#include "data/entity.h"
#include "event/event.h"
#include "http/method.h"
#include "service/daemon.h"

#include <string.h>

bool admin_templates_meet(const char *one, const char *other)
{
        for (;;) {
                size_t len = strcspn(one, "/"), other_len = strcspn(other, "/");

                if (strcmp(one, "**") == 0 || strcmp(other, "**") == 0)
                        return true;
                if (*one == '{' || *other == '{') {
                        if (!len || !other_len)
                                return false;
                } else if (len != other_len || memcmp(one, other, len) != 0) {
                        return false;
                }
                one += len;
                other += other_len;
                if (!*one || !*other)
                        return !*one && !*other;
                one++;
                other++;
        }
}

/* Notes a name; true if it is the wanted one. */
static bool is_name(const char *name, const char *wanted, struct text *known)
{
        text_printf(known, "%s%s", known->len ? ", " : "", name);
        return strcmp(name, wanted) == 0;
}

static bool is_path(const char *template, const char *wanted, struct text *known)
{
        text_printf(known, "%s%s", known->len ? ", " : "", template);
        return admin_templates_meet(template, wanted);
}

static bool has_path_of(const struct entity *e, const char *wanted, struct text *known)
{
        struct arena *arena = known->arena;
        const char *c = e->collection;
        bool found = is_path(arena_printf(arena, "/%s", c), wanted, known);

        found |= is_path(arena_printf(arena, "/%s/{id}", c), wanted, known);
        if (e->plain_post)
                found |= is_path(arena_printf(arena, "/%s/%s", c, e->plain_post), wanted, known);
        for (const struct lookup *l = e->lookups; l && l->members[0]; l++)
                if (l->name)
                        found |= is_path(arena_printf(arena, "/%s/search/%s", c, l->name), wanted,
                                         known);
        return found;
}

/* A service knows its paths; a gateway and a console have any. */
static bool has_path(const struct daemon *d, const char *wanted, struct text *known)
{
        static const char *const beside[] = {"/", "/openapi.json", "/profile/**", "/actuator/**",
                                             NULL};
        bool found = !d->entities;

        for (const struct entity *const *e = d->entities; e && *e; e++)
                if (!(*e)->internal)
                        found |= has_path_of(*e, wanted, known);
        for (const char *const *path = beside; *path; path++)
                found = found || admin_templates_meet(*path, wanted);
        return found;
}

static bool hears(const struct daemon *d, const char *wanted, struct text *known)
{
        bool found = false;

        for (const struct reaction *r = d->reactions; r && r->type; r++)
                found |= is_name(r->type, wanted, known);
        return found;
}

static bool says(const struct daemon *d, const char *wanted, struct text *known)
{
        const struct event_type *type;
        bool found = false;

        for (const struct entity *const *e = d->entities; e && *e; e++)
                for (size_t i = 0; (type = entity_says(*e, i)); i++)
                        found |= is_name(type->name, wanted, known);
        for (const struct event_type *const *other = d->says; other && *other; other++)
                found |= is_name((*other)->name, wanted, known);
        return found;
}

static bool is_heard(enum fault_kind kind)
{
        return kind == FAULT_CONSUME_DELAY || kind == FAULT_CONSUME_TWICE;
}

void admin_check_target(void *arg, const struct fault *fault, struct text *why)
{
        struct process *p = arg;
        const struct daemon *d = p->daemon;
        struct text known = text_open(why->arena, 200);
        const char *type = fault->type;

        if (fault->method && method_row(fault->method) < 0)
                text_printf(why, "no request has the method %s", fault->method);
        else if (fault->path && !has_path(d, fault->path, &known))
                text_printf(why, "no path here is like %s; there are %s", fault->path, known.at);
        else if (fault->route && d->has_route && !d->has_route(p, fault->route, &known))
                text_printf(why, "no route has the id %s; there are %s", fault->route, known.at);
        else if (type && is_heard(fault->kind) && !hears(d, type, &known))
                text_printf(why, "no event of the type %s is heard here, but %s", type, known.at);
        else if (type && !is_heard(fault->kind) && !says(d, type, &known))
                text_printf(why, "no event of the type %s is said here, but %s", type, known.at);
}
