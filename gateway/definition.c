#include "gateway/definition.h"

#include "base/text.h"

#include <string.h>

static void argument_add(struct arena *arena, struct definition *d, const char *name, const char *value)
{
        struct argument *larger = arena_alloc(arena, (d->count + 1) * sizeof *larger);

        if (d->count)
                memcpy(larger, d->arguments, d->count * sizeof *larger);
        larger[d->count].name = name ? name : arena_printf(arena, "_genkey_%zu", d->count);
        larger[d->count++].value = value;
        d->arguments = larger;
}

/* "Path=/a,/b" */
static bool read_short(struct arena *arena, struct definition *d, struct error *error)
{
        const char *text = d->at->text ? d->at->text : "", *equals = strchr(text, '=');
        struct tree rest = *d->at;
        const char **values;

        d->name = arena_copy(arena, text, equals ? (size_t)(equals - text) : strlen(text));
        rest.text = equals ? equals + 1 : NULL;
        if (!tree_texts(arena, &rest, &values, error))
                return false;
        for (; *values; values++)
                argument_add(arena, d, NULL, *values);
        return true;
}

static bool read_argument(struct arena *arena, struct definition *d, const struct tree *m, struct error *error)
{
        if (m->kind == TREE_MAP)
                return tree_error(m, error, "the argument %s of %s wants a text or a list", m->name, d->name);
        if (m->kind == TREE_SCALAR)
                argument_add(arena, d, m->name, m->text ? m->text : "");
        for (const struct tree *i = m->first; i; i = i->next) {
                if (i->kind != TREE_SCALAR || !i->text)
                        return tree_error(i, error, "a text was expected");
                argument_add(arena, d, m->name, i->text);
        }
        return true;
}

static bool read_long(struct arena *arena, struct definition *d, struct error *error)
{
        for (const struct tree *m = d->at->first; m; m = m->next) {
                bool is_args = tree_is_named(m, "args");

                if (!is_args && !tree_is_named(m, "name"))
                        return tree_error(m, error, "%s is not known here; name and args are", m->name);
                if (!is_args && m->kind != TREE_SCALAR)
                        return tree_error(m, error, "the name must be a text");
                if (!is_args)
                        d->name = m->text;
        }
        if (!d->name)
                return tree_error(d->at, error, "a predicate or filter without a name");
        for (const struct tree *m = tree_member(d->at, "args") ? tree_member(d->at, "args")->first : NULL; m; m = m->next)
                if (!m->name)
                        return tree_error(m, error, "args wants a map");
                else if (!read_argument(arena, d, m, error))
                        return false;
        return true;
}

bool definition_read(struct arena *arena, const struct tree *at, struct definition *d, struct error *error)
{
        *d = (struct definition){.at = at};
        if (at->kind == TREE_LIST)
                return tree_error(at, error, "a text or a map with name and args was expected");
        return at->kind == TREE_MAP ? read_long(arena, d, error) : read_short(arena, d, error);
}

static const struct argument *find(const struct definition *d, const char *name, size_t position)
{
        struct tree named = {.kind = TREE_SCALAR};

        for (size_t i = 0; i < d->count; i++) {
                named.name = d->arguments[i].name;
                if (tree_is_named(&named, name))
                        return &d->arguments[i];
        }
        return position < d->count && strncmp(d->arguments[position].name, "_genkey_", 8) == 0
                       ? &d->arguments[position] : NULL;
}

bool definition_values(const struct definition *d, const char *const *names, const char **values, struct error *error)
{
        size_t n = 0;

        for (; names[n]; n++) {
                const struct argument *a = find(d, names[n], n);

                if (!a)
                        return tree_error(d->at, error, "%s lacks its argument %s", d->name, names[n]);
                values[n] = a->value;
        }
        if (d->count > n)
                return tree_error(d->at, error, "%s takes %zu arguments, not %zu", d->name, n, d->count);
        return true;
}

bool definition_unknown(const struct definition *d, const char *what, const char *const *known, struct error *error)
{
        char list[160] = "";
        size_t len = 0;

        for (; *known && len + strlen(*known) + 3 < sizeof list; known++) {
                if (len)
                        len = (size_t)(stpcpy(list + len, ", ") - list);
                len = (size_t)(stpcpy(list + len, *known) - list);
        }
        return tree_error(d->at, error, "the %s %s is not supported; these are: %s", what, d->name, list);
}
