#include "gateway/field.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

bool fields_read(struct routes *r, const struct tree *map, const struct field *fields, void *into,
                        const char *where, struct error *error)
{
        if (map->kind != TREE_MAP)
                return map->kind == TREE_SCALAR && !map->text ? true : tree_error(map, error, "%s wants a map", where);
        for (const struct tree *m = map->first; m; m = m->next) {
                const struct field *f = fields;

                while (f->name && !tree_is_named(m, f->name))
                        f++;
                if (!f->name)
                        return tree_error(m, error, "%s is not known under %s", m->name, where);
                if (!f->read(r, m, into, error))
                        return false;
        }
        return true;
}

bool field_scalar(const struct tree *t, const char **text, struct error *error)
{
        *text = t->text;
        return (t->kind == TREE_SCALAR && t->text) || tree_error(t, error, "%s wants a value", t->name);
}

bool field_bool(const struct tree *t, bool *into, struct error *error)
{
        const char *text;

        if (!field_scalar(t, &text, error))
                return false;
        *into = strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0 || strcasecmp(text, "on") == 0;
        return *into || strcasecmp(text, "false") == 0 || strcasecmp(text, "no") == 0 || strcasecmp(text, "off") == 0 ||
               tree_error(t, error, "%s is true or false, not %s", t->name, text);
}

bool field_number(const struct tree *t, int64_t least, int64_t most, int64_t *into, struct error *error)
{
        const char *text;
        char *end;

        if (!field_scalar(t, &text, error))
                return false;
        *into = strtoll(text, &end, 10);
        if (!isdigit((unsigned char)*text) || *end || *into < least || *into > most)
                return tree_error(t, error, "%s wants a number from %lld to %lld, not %s", t->name, (long long)least,
                                  (long long)most, text);
        return true;
}

bool field_duration(const struct tree *t, int64_t unit_ms, int64_t *ms, struct error *error)
{
        static const struct {
                const char *unit;
                int64_t ms;
        } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
        const char *text, *digits;
        int64_t number;
        char *unit;

        if (!field_scalar(t, &text, error))
                return false;
        digits = strncasecmp(text, "PT", 2) == 0 ? text + 2 : text;
        number = strtoll(digits, &unit, 10);
        if (!isdigit((unsigned char)*digits) || number > 1000000000)
                return tree_error(t, error, "%s wants a duration such as 5s, not %s", t->name, text);
        *ms = number * unit_ms;
        if (!*unit)
                return true;
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
                if (strcasecmp(unit, units[i].unit) == 0) {
                        *ms = number * units[i].ms;
                        return true;
                }
        return tree_error(t, error, "%s wants a duration such as 5s, not %s", t->name, text);
}
