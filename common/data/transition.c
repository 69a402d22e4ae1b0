#include "data/transition.h"

#include <string.h>

#define STATUS "status"

static bool same(const char *a, const char *b)
{
        return a == b || (a && b && strcmp(a, b) == 0);
}

/* NULL fails the unit: a service that was just written may lack the member. */
static const struct field *status_of(struct unit *unit, const struct entity *entity)
{
        const struct field *f = shape_field(&entity->shape, STATUS);

        if (f && f->type == FIELD_TEXT && !(f->flags & FIELD_HIDDEN))
                return f;
        unit_refuse(unit, ERROR_INTERNAL, NULL,
                    "%s has transitions, but no text member " STATUS " that is not hidden",
                    entity->item);
        return NULL;
}

static const struct transition *transition_of(const struct entity *entity, const char *from,
                                              const char *to)
{
        for (const struct transition *t = entity->transitions; t->from; t++)
                if (same(t->from, from) && same(t->to, to))
                        return t;
        return NULL;
}

static bool is_known(const struct entity *entity, const char *status)
{
        for (const struct transition *t = entity->transitions; t->from; t++)
                if (same(t->from, status) || same(t->to, status))
                        return true;
        return false;
}

/* "accepted, rejected"; "" where it ends. */
static const char *next_of(struct unit *unit, const struct entity *entity, const char *from)
{
        struct text next = text_open(unit_arena(unit), 100);

        for (const struct transition *t = entity->transitions; t->from; t++)
                if (same(t->from, from))
                        text_printf(&next, "%s%s", next.len ? ", " : "", t->to);
        return next.at;
}

static void refuse(struct unit *unit, const struct entity *entity, const char *from, const char *to)
{
        enum error_kind kind = is_known(entity, to) ? ERROR_CONFLICT : ERROR_BAD_INPUT;
        const char *next = next_of(unit, entity, from);

        from = from ? from : "null";
        to = to ? to : "null";
        if (next[0])
                unit_refuse(unit, kind, STATUS,
                            "a status of %.80s cannot become %.80s; what can follow is: %s", from,
                            to, next);
        else
                unit_refuse(unit, kind, STATUS,
                            "a status of %.80s cannot become %.80s; nothing follows it", from, to);
}

/* The first visible member that differs, but the status; NULL: none. */
static const struct field *changed(const struct shape *shape, const void *a, const void *b)
{
        for (const struct field *f = shape->fields; f->name; f++)
                if (strcmp(f->name, STATUS) != 0 &&
                    !shape_same(&(struct shape){(const struct field[]){*f, {NULL}}, shape->size}, a,
                                b))
                        return f;
        return NULL;
}

static void follow(struct unit *unit, const struct entity *entity,
                   const struct transition *transition, void *row)
{
        unit_update(unit, entity, row);
        if (transition->says && transition->says != entity->says_changed)
                unit_announce(unit, transition->says, row);
}

void transition_begin(struct unit *unit, const struct entity *entity, void *row)
{
        const struct field *status = entity->transitions ? status_of(unit, entity) : NULL;
        const char *first, **place;

        if (!status)
                return;
        first = entity->transitions->from;
        place = field_text(status, row);
        if (!*place)
                *place = first;
        else if (!same(*place, first))
                unit_refuse(unit, ERROR_BAD_INPUT, STATUS, STATUS " begins as %s, not as %s", first,
                            *place);
}

void transition_update(struct unit *unit, const struct entity *entity, const void *before,
                       void *row)
{
        const struct transition *transition;
        const struct field *status, *other;
        const char *from, *to;

        if (!entity->transitions) {
                unit_update(unit, entity, row);
                return;
        }
        status = status_of(unit, entity);
        if (!status)
                return;
        other = changed(&entity->shape, before, row);
        from = field_text_of(status, before);
        to = field_text_of(status, row);
        transition = transition_of(entity, from, to);
        if (other)
                unit_refuse(unit, ERROR_BAD_INPUT, other->name,
                            "%s cannot be changed, only " STATUS " can", other->name);
        else if (!transition)
                refuse(unit, entity, from, to);
        else
                follow(unit, entity, transition, row);
}

bool transition_to(struct unit *unit, const struct entity *entity, void *row, const char *to)
{
        const struct field *status = row ? status_of(unit, entity) : NULL;
        const struct transition *transition =
                status && entity->transitions
                        ? transition_of(entity, field_text_of(status, row), to)
                        : NULL;

        if (!transition)
                return false;
        *field_text(status, row) = to;
        follow(unit, entity, transition, row);
        return true;
}
