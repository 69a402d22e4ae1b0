/* filter_path - filters that change the path: StripPrefix, PrefixPath, SetPath, RewritePath. */
#include "gateway/routing/filter_kinds.h"

#include "gateway/config/value.h"
#include "gateway/routing/glob.h"

#include <ctype.h>
#include <string.h>

static bool strip_prefix_read(const struct filter_place *place, struct filter *f,
                              struct error *error)
{
        static const struct parameter parameters[] = {{"parts", OPTIONAL}, {NULL}};
        const char *parts;
        struct yaml number;

        if (!filter_values(place, f, parameters, &parts, error))
                return false;
        number = definition_scalar(&f->definition, "StripPrefix", parts ? parts : "1");
        return value_number(&number, 1, 100, &f->number, error);
}

static bool strip_prefix_request(const struct filter *f, struct filter_chain *chain)
{
        const char *p = chain->path;

        for (int64_t i = 0; i < f->number && *p; i++) {
                p += strspn(p, "/");
                p += strcspn(p, "/");
        }
        chain->path = *p ? p : "/";
        return true;
}

static void strip_prefix_show(const struct filter *f, struct text *out)
{
        text_printf(out, "StripPrefix parts = %d", (int)f->number);
}

/* Reads the only argument, a path that may contain {name}. */
static bool read_path(const struct filter_place *place, struct filter *f, const char *argument,
                      struct error *error)
{
        const struct parameter parameters[] = {{argument, REQUIRED}, {NULL}};
        struct arena *arena = place->routes->arena;
        struct text path = text_open(arena, 64);

        if (!filter_values(place, f, parameters, &f->name, error) ||
            !filter_template(place, f, f->name, error))
                return false;
        if (*f->name != '/' || strpbrk(f->name, "?#"))
                return yaml_error(
                        f->definition.at, error,
                        "%s wants a path that begins with a slash and has no ? or #, not %s",
                        f->definition.name, f->name);
        for (const char *at = f->name, *close; *at; at = close) {
                size_t len = strcspn(at, "{");

                text_string(&path, path_escape(arena, arena_copy(arena, at, len), true));
                close = at + len;
                if (*close && !strchr(close, '}'))
                        return yaml_error(f->definition.at, error, "%s: { without its }",
                                          f->definition.name);
                len = *close ? strcspn(close, "}") + 1 : 0;
                text_add(&path, close, len);
                close += len;
        }
        f->value = path.at;
        return true;
}

static const char *path_of(const struct filter *f, const struct filter_chain *chain)
{
        return f->variables ? filter_chain_expand(chain, f->value, true) : f->value;
}

static bool prefix_path_read(const struct filter_place *place, struct filter *f,
                             struct error *error)
{
        return read_path(place, f, "prefix", error);
}

/* Only the first PrefixPath of a route has an effect, as in Spring. */
static bool prefix_path_request(const struct filter *f, struct filter_chain *chain)
{
        if (!chain->prefixed)
                chain->path =
                        arena_printf(chain->asked->arena, "%s%s", path_of(f, chain), chain->path);
        chain->prefixed = true;
        return true;
}

static void prefix_path_show(const struct filter *f, struct text *out)
{
        filter_show_pair(f, "prefix", f->name, out);
}

static bool set_path_read(const struct filter_place *place, struct filter *f, struct error *error)
{
        return read_path(place, f, "template", error);
}

static bool set_path_request(const struct filter *f, struct filter_chain *chain)
{
        chain->path = path_of(f, chain);
        return true;
}

static void set_path_show(const struct filter *f, struct text *out)
{
        filter_show_pair(f, "template", f->name, out);
}

static bool rewrite_path_read(const struct filter_place *place, struct filter *f,
                              struct error *error)
{
        static const struct parameter parameters[] = {
                {"regexp", REQUIRED}, {"replacement", REQUIRED}, {NULL}};
        const char *values[2], *reason;

        if (!filter_values(place, f, parameters, values, error))
                return false;
        f->name = values[0];
        f->value = values[1];
        for (const char *c = f->value; *c; c++)
                if (!isgraph((unsigned char)*c) || strchr("?#", *c))
                        return yaml_error(f->definition.at, error,
                                          "RewritePath: the replacement %s cannot stand in a path",
                                          f->value);
        f->regex = regex_read_replace(place->routes->arena, f->name, f->value, &reason);
        return f->regex || yaml_error(f->definition.at, error, "RewritePath=%s, %s: %s", f->name,
                                      f->value, reason);
}

static bool rewrite_path_request(const struct filter *f, struct filter_chain *chain)
{
        struct arena *arena = chain->asked->arena;
        const char *path = regex_replace(f->regex, arena, chain->path);

        if (!path) {
                chain->status = 414;
                chain->detail = "RewritePath's expression takes too long on this path";
                return false;
        }
        chain->path = *path == '/' ? path : arena_printf(arena, "/%s", path);
        return true;
}

/* Spring shows the replacement without the backslash of $\{name}. */
static void rewrite_path_show(const struct filter *f, struct text *out)
{
        text_printf(out, "RewritePath %s = '", f->name);
        for (const char *c = f->value; *c; c++)
                if (*c != '\\' || c == f->value || c[-1] != '$')
                        text_char(out, *c);
        text_char(out, '\'');
}

const struct filter_kind filter_path_kinds[] = {
        {"StripPrefix", strip_prefix_read, strip_prefix_request, NULL, strip_prefix_show},
        {"PrefixPath", prefix_path_read, prefix_path_request, NULL, prefix_path_show},
        {"SetPath", set_path_read, set_path_request, NULL, set_path_show},
        {"RewritePath", rewrite_path_read, rewrite_path_request, NULL, rewrite_path_show},
        {NULL, NULL, NULL, NULL, NULL},
};
