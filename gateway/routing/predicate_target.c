/* predicate_target - predicates about the target of the request: Path, Host, Method. */
#include "gateway/routing/predicate_kinds.h"

#include "gateway/routing/routes.h"
#include "http/headers.h"

#include <ctype.h>
#include <string.h>

typedef const struct pattern *pattern_reader(struct arena *arena, const char *text,
                                             const char **reason);

static bool is_named(const struct argument *a, const char *name)
{
        return yaml_is_named(&(struct yaml){.name = a->name}, name);
}

/* Whether the argument is matchTrailingSlash; in the short form it is a true or false after the
   patterns. */
static bool is_about_slash(const struct definition *d, size_t i)
{
        const struct argument *a = &d->arguments[i];

        return is_named(a, "matchTrailingSlash") || is_named(a, "matchOptionalTrailingSeparator") ||
               (argument_is_positional(a) && i > 0 && i + 1 == d->count &&
                (strcmp(a->value, "true") == 0 || strcmp(a->value, "false") == 0));
}

static bool read_patterns(struct routes *routes, struct predicate *p, pattern_reader *read,
                          struct error *error)
{
        const struct definition *d = &p->definition;
        const char *reason;
        size_t n = 0;

        p->patterns = arena_alloc(routes->arena, (d->count + 1) * sizeof *p->patterns);
        for (size_t i = 0; i < d->count; i++) {
                const struct argument *a = &d->arguments[i];

                if (is_about_slash(d, i)) {
                        if (strcmp(a->value, "true") != 0)
                                return yaml_error(d->at, error,
                                                  "%s: matchTrailingSlash=false is not supported",
                                                  d->name);
                        continue;
                }
                if (!argument_is_positional(a) && !is_named(a, "pattern") &&
                    !is_named(a, "patterns"))
                        return yaml_error(d->at, error, "%s has no argument %s", d->name, a->name);
                p->patterns[n] = read(routes->arena, a->value, &reason);
                if (!p->patterns[n++])
                        return yaml_error(d->at, error, "%s=%s: %s", d->name, a->value, reason);
        }
        return n > 0 || yaml_error(d->at, error, "%s wants a pattern", d->name);
}

static void show_patterns(const struct predicate *p, struct text *out)
{
        for (size_t i = 0; p->patterns[i]; i++)
                text_printf(out, "%s%s", i ? ", " : "", pattern_text(p->patterns[i]));
}

static bool any_matches(const struct predicate *p, const char *subject)
{
        for (const struct pattern **pattern = p->patterns; *pattern; pattern++)
                if (pattern_matches(*pattern, subject))
                        return true;
        return false;
}

static bool path_read(struct routes *routes, struct predicate *p, struct error *error)
{
        return read_patterns(routes, p, pattern_read, error);
}

static bool path_holds(const struct predicate *p, const struct asked *asked)
{
        return any_matches(p, asked->path);
}

static void path_show(const struct predicate *p, struct text *out)
{
        text_string(out, "Paths: [");
        show_patterns(p, out);
        text_string(out, "], match trailing slash: true");
}

static bool host_read(struct routes *routes, struct predicate *p, struct error *error)
{
        return read_patterns(routes, p, pattern_read_host, error);
}

static const char *host_of(const struct asked *asked)
{
        const char *host = headers_value(asked->headers, "Host");

        return arena_copy(asked->arena, host,
                          *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":"));
}

static bool host_holds(const struct predicate *p, const struct asked *asked)
{
        return any_matches(p, host_of(asked));
}

static void host_show(const struct predicate *p, struct text *out)
{
        text_string(out, "Hosts: [");
        show_patterns(p, out);
        text_char(out, ']');
}

static bool method_read(struct routes *routes, struct predicate *p, struct error *error)
{
        const struct definition *d = &p->definition;

        p->methods = arena_alloc(routes->arena, (d->count + 1) * sizeof *p->methods);
        for (size_t i = 0; i < d->count; i++) {
                const struct argument *a = &d->arguments[i];
                char *method = arena_string(routes->arena, a->value);

                if (!argument_is_positional(a) && !is_named(a, "method") && !is_named(a, "methods"))
                        return yaml_error(d->at, error, "Method has no argument %s", a->name);
                for (char *c = method; *c; c++)
                        *c = (char)toupper((unsigned char)*c);
                p->methods[i] = method;
        }
        return d->count > 0 || yaml_error(d->at, error, "Method wants a method");
}

static bool method_holds(const struct predicate *p, const struct asked *asked)
{
        for (const char **method = p->methods; *method; method++)
                if (strcmp(*method, asked->method) == 0)
                        return true;
        return false;
}

static void method_show(const struct predicate *p, struct text *out)
{
        text_string(out, "Methods: [");
        for (size_t i = 0; p->methods[i]; i++)
                text_printf(out, "%s%s", i ? ", " : "", p->methods[i]);
        text_char(out, ']');
}

/* From the first pattern that matches, as in Spring. */
static const char *variable_of(const struct predicate *p, struct arena *arena, const char *subject,
                               const char *name)
{
        for (const struct pattern **pattern = p->patterns; *pattern; pattern++)
                if (pattern_matches(*pattern, subject))
                        return pattern_variable(*pattern, arena, subject, name);
        return NULL;
}

static const char *path_variable(const struct predicate *p, const struct asked *asked,
                                 const char *name)
{
        return variable_of(p, asked->arena, asked->path, name);
}

static const char *host_variable(const struct predicate *p, const struct asked *asked,
                                 const char *name)
{
        return variable_of(p, asked->arena, host_of(asked), name);
}

const struct predicate_kind predicate_target_kinds[] = {
        {"Path", path_read, path_holds, path_variable, path_show},
        {"Host", host_read, host_holds, host_variable, host_show},
        {"Method", method_read, method_holds, NULL, method_show},
        {NULL, NULL, NULL, NULL, NULL},
};
