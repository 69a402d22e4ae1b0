#include "gateway/config/definition.h"

#include "base/text.h"

#include <string.h>

/* The array is doubled whenever the count reaches a power of two. */
static bool argument_add(struct arena *arena, struct definition *d, const char *name,
                         const char *value, struct error *error)
{
        if (!(d->count & (d->count - 1))) {
                struct argument *larger =
                        arena_alloc(arena, (d->count ? 2 * d->count : 1) * sizeof *larger);

                if (d->count)
                        memcpy(larger, d->arguments, d->count * sizeof *larger);
                d->arguments = larger;
        }
        d->arguments[d->count].name = name ? name : arena_printf(arena, "_genkey_%zu", d->count);
        d->arguments[d->count++].value = value;
        return yaml_fits(d->at, arena, error);
}

/* "Path=/a,/b" */
static bool read_short(struct arena *arena, struct definition *d, struct error *error)
{
        const char *text = d->at->text ? d->at->text : "", *equals = strchr(text, '=');
        struct yaml rest = *d->at;
        const char **values;

        d->name = arena_copy(arena, text, equals ? (size_t)(equals - text) : strlen(text));
        rest.text = equals ? equals + 1 : NULL;
        if (!yaml_texts(arena, &rest, &values, error))
                return false;
        for (; *values; values++)
                if (!argument_add(arena, d, NULL, *values, error))
                        return false;
        return true;
}

/* `prefix`: the names of the maps around it, "backoff." */
static bool read_argument(struct arena *arena, struct definition *d, const struct yaml *m,
                          const char *prefix, struct error *error)
{
        const char *name = arena_printf(arena, "%s%s", prefix, m->name);

        if ((m->kind == YAML_SCALAR || (m->kind == YAML_LIST && !m->first)) &&
            !argument_add(arena, d, name, m->text ? m->text : "", error))
                return false;
        for (const struct yaml *i = m->first; i; i = i->next) {
                if (m->kind == YAML_MAP) {
                        if (!read_argument(arena, d, i, arena_printf(arena, "%s.", name), error))
                                return false;
                        continue;
                }
                if (i->kind != YAML_SCALAR || !i->text)
                        return yaml_error(i, error, "a text was expected");
                if (!argument_add(arena, d, name, i->text, error))
                        return false;
        }
        return true;
}

static bool read_long(struct arena *arena, struct definition *d, struct error *error)
{
        for (const struct yaml *m = d->at->first; m; m = m->next) {
                bool is_args = yaml_is_named(m, "args");

                if (!is_args && !yaml_is_named(m, "name"))
                        return yaml_error(m, error, "%s is not known here; name and args are",
                                          m->name);
                if (!is_args && m->kind != YAML_SCALAR)
                        return yaml_error(m, error, "the name must be a text");
                if (!is_args)
                        d->name = m->text;
        }
        if (!d->name)
                return yaml_error(d->at, error, "a predicate or filter without a name");
        for (const struct yaml *m = yaml_member(d->at, "args") ? yaml_member(d->at, "args")->first
                                                               : NULL;
             m; m = m->next)
                if (!m->name)
                        return yaml_error(m, error, "args wants a map");
                else if (!read_argument(arena, d, m, "", error))
                        return false;
        return true;
}

bool definition_read(struct arena *arena, const struct yaml *at, struct definition *d,
                     struct error *error)
{
        *d = (struct definition){.at = at};
        if (at->kind == YAML_LIST)
                return yaml_error(at, error, "a text or a map with name and args was expected");
        return at->kind == YAML_MAP ? read_long(arena, d, error) : read_short(arena, d, error);
}

bool argument_is_positional(const struct argument *a)
{
        return strncmp(a->name, "_genkey_", 8) == 0;
}

/* Index of the parameter that the argument is for; the number of parameters if there is none. */
static size_t parameter_of(const struct definition *d, size_t argument,
                           const struct parameter *parameters)
{
        struct yaml named = {.name = d->arguments[argument].name};
        size_t n = 0;

        for (; parameters[n].name; n++)
                if (argument_is_positional(&d->arguments[argument])
                            ? n == argument
                            : yaml_is_named(&named, parameters[n].name))
                        break;
        return n;
}

static bool refuse_argument(const struct definition *d, size_t argument,
                            const struct parameter *parameters, struct error *error)
{
        size_t n = 0;

        while (parameters[n].name)
                n++;
        if (!argument_is_positional(&d->arguments[argument]))
                return yaml_error(d->at, error, "%s has no argument %s", d->name,
                                  d->arguments[argument].name);
        return yaml_error(
                d->at, error,
                "%s takes %zu arguments, not %zu; with name and args a value may have commas",
                d->name, n, d->count);
}

bool definition_values(struct arena *arena, const struct definition *d,
                       const struct parameter *parameters, const char **values, struct error *error)
{
        for (size_t n = 0; parameters[n].name; n++)
                values[n] = NULL;
        for (size_t i = 0; i < d->count; i++) {
                size_t n = parameter_of(d, i, parameters);

                if (!parameters[n].name)
                        return refuse_argument(d, i, parameters, error);
                if (values[n] && parameters[n].need != LIST)
                        return yaml_error(d->at, error, "%s: %s wants one value", d->name,
                                          parameters[n].name);
                values[n] = values[n]
                                    ? arena_printf(arena, "%s,%s", values[n], d->arguments[i].value)
                                    : d->arguments[i].value;
                if (!yaml_fits(d->at, arena, error))
                        return false;
        }
        for (size_t n = 0; parameters[n].name; n++)
                if (parameters[n].need == REQUIRED && !values[n])
                        return yaml_error(d->at, error, "%s lacks its argument %s", d->name,
                                          parameters[n].name);
        return true;
}

struct yaml definition_scalar(const struct definition *d, const char *name, const char *value)
{
        return (struct yaml){.kind = YAML_SCALAR,
                             .file = d->at->file,
                             .line = d->at->line,
                             .name = name,
                             .text = value};
}

bool definition_unknown(const struct definition *d, const char *what, const char *const *known,
                        struct error *error)
{
        char list[200] = "";
        size_t len = 0;

        for (; *known && len + strlen(*known) + 8 < sizeof list; known++)
                len = (size_t)(stpcpy(stpcpy(list + len, len ? ", " : ""), *known) - list);
        return yaml_error(d->at, error, "the %s %s is not supported; these are: %s%s", what,
                          d->name, list, *known ? ", ..." : "");
}
