#include "gateway/predicate.h"

#include <string.h>

static bool path_read(struct arena *arena, struct predicate *p, struct error *error)
{
        const struct definition *d = &p->definition;
        size_t n = 0;

        p->patterns = arena_alloc(arena, (d->count + 1) * sizeof *p->patterns);
        for (size_t i = 0; i < d->count; i++) {
                const struct argument *a = &d->arguments[i];
                struct tree named = {.name = a->name};
                const char *reason;

                if (tree_is_named(&named, "matchOptionalTrailingSeparator") || tree_is_named(&named, "matchTrailingSlash")) {
                        if (strcmp(a->value, "true") != 0)
                                return tree_error(d->at, error, "%s can only be true", a->name);
                        continue;
                }
                if (strncmp(a->name, "_genkey_", 8) != 0 && !tree_is_named(&named, "pattern") &&
                    !tree_is_named(&named, "patterns"))
                        return tree_error(d->at, error, "Path has no argument %s", a->name);
                p->patterns[n] = pattern_read(arena, a->value, &reason);
                if (!p->patterns[n++])
                        return tree_error(d->at, error, "Path=%s: %s", a->value, reason);
        }
        return n > 0 || tree_error(d->at, error, "Path wants a pattern");
}

static bool path_holds(const struct predicate *p, const struct http_request *request)
{
        for (const struct pattern **pattern = p->patterns; *pattern; pattern++)
                if (pattern_matches(*pattern, request->path))
                        return true;
        return false;
}

static void path_show(const struct predicate *p, struct text *out)
{
        text_string(out, "Paths: [");
        for (size_t i = 0; p->patterns[i]; i++)
                text_printf(out, "%s%s", i ? ", " : "", pattern_text(p->patterns[i]));
        text_string(out, "], match trailing slash: true");
}

static bool method_read(struct arena *arena, struct predicate *p, struct error *error)
{
        (void)arena;
        return p->definition.count > 0 || tree_error(p->definition.at, error, "Method wants a method");
}

static bool method_holds(const struct predicate *p, const struct http_request *request)
{
        for (size_t i = 0; i < p->definition.count; i++)
                if (strcmp(p->definition.arguments[i].value, request->method) == 0)
                        return true;
        return false;
}

static void method_show(const struct predicate *p, struct text *out)
{
        text_string(out, "Methods: [");
        for (size_t i = 0; i < p->definition.count; i++)
                text_printf(out, "%s%s", i ? ", " : "", p->definition.arguments[i].value);
        text_string(out, "]");
}

static const struct predicate_kind kinds[] = {
        { "Path",   path_read,   path_holds,   path_show },
        { "Method", method_read, method_holds, method_show },
};

enum { KINDS = sizeof kinds / sizeof *kinds };

bool predicate_read(struct arena *arena, const struct tree *at, struct predicate *p, struct error *error)
{
        const char *names[KINDS + 1] = {NULL};

        if (!definition_read(arena, at, &p->definition, error))
                return false;
        for (size_t i = 0; i < KINDS; i++) {
                names[i] = kinds[i].name;
                if (strcmp(kinds[i].name, p->definition.name) == 0) {
                        p->kind = &kinds[i];
                        return p->kind->read(arena, p, error);
                }
        }
        return definition_unknown(&p->definition, "predicate", names, error);
}
