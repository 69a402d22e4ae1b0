#include "gateway/routing/filter_kinds.h"

#include <string.h>

bool filter_values(const struct filter_place *place, const struct filter *f,
                   const struct parameter *parameters, const char **values, struct error *error)
{
        return definition_values(place->routes->arena, &f->definition, parameters, values, error);
}

const char **filter_items(const struct filter_place *place, const struct filter *f,
                          const char *list, const char *otherwise)
{
        struct yaml scalar = definition_scalar(&f->definition, "list", list ? list : otherwise);
        struct error none;
        const char **texts;

        yaml_texts(place->routes->arena, &scalar, &texts, &none); /* cannot fail on a scalar */
        return texts;
}

bool filter_statuses(const struct filter *f, const char *const *texts, struct statuses *statuses,
                     struct error *error)
{
        for (; *texts; texts++) {
                int status = status_read(*texts);

                if (!status)
                        return yaml_error(f->definition.at, error, "%s: %s is not a status",
                                          f->definition.name, *texts);
                statuses->has[status] = true;
        }
        return true;
}

bool filter_is_first(const struct filter_place *place, const struct filter *f, struct error *error)
{
        for (const struct filter *other = place->route->filters; other < f; other++)
                if (other->kind == f->kind && other->by_default == f->by_default)
                        return yaml_error(f->definition.at, error, "a second %s in one list",
                                          f->definition.name);
        return true;
}

static bool always_has(const struct route *route, const char *name)
{
        for (size_t i = 0; i < route->predicate_count; i++) {
                const struct predicate *p = &route->predicates[i];
                const struct pattern **pattern = p->patterns;

                while (pattern && *pattern && pattern_has_variable(*pattern, name))
                        pattern++;
                if (pattern && !*pattern)
                        return true;
        }
        return false;
}

bool filter_template(const struct filter_place *place, struct filter *f, const char *template,
                     struct error *error)
{
        for (const char *open = strchr(template, '{'), *close; open; open = strchr(close, '{')) {
                const char *name;

                close = strchr(open, '}');
                if (!close)
                        break;
                name = arena_copy(place->routes->arena, open + 1, (size_t)(close - open) - 1);
                if (!always_has(place->route, name))
                        return yaml_error(
                                f->definition.at, error,
                                "%s: {%s} is not in each pattern of Path or Host of route %s",
                                f->definition.name, name, place->route->id);
                f->variables = true;
        }
        return true;
}

void filter_show_pair(const struct filter *f, const char *key, const char *value, struct text *out)
{
        text_printf(out, "%s %s = '%s'", f->kind->name, key, value);
}
