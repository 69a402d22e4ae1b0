#include "gateway/routing/load.h"

#include "gateway/config/value.h"

#include <string.h>

static bool read_list(struct routes *r, const struct yaml *t, const char *const **list,
                      struct error *error)
{
        const char **texts;

        if (!yaml_texts(r->arena, t, &texts, error))
                return false;
        for (const char **text = texts; *text; text++)
                for (const char *c = *text; *c; c++)
                        if ((unsigned char)*c <= ' ' || *c == 0x7f)
                                return yaml_error(t, error,
                                                  "%s: an item with blanks or control bytes",
                                                  t->name);
        *list = texts;
        return true;
}

static bool cors_origins(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        return read_list(r, t, &((struct cors_config *)into)->origins, error);
}

static bool cors_patterns(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        struct cors_config *c = into;

        if (!read_list(r, t, &c->origin_patterns, error))
                return false;
        for (const char *const *p = c->origin_patterns; *p; p++)
                if (strchr(*p, '['))
                        return yaml_error(
                                t, error,
                                "%s: lists of ports are not supported; write one pattern each", *p);
        return true;
}

static bool cors_methods(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        return read_list(r, t, &((struct cors_config *)into)->methods, error);
}

static bool cors_headers(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        return read_list(r, t, &((struct cors_config *)into)->headers, error);
}

static bool cors_exposed(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        return read_list(r, t, &((struct cors_config *)into)->exposed, error);
}

static bool cors_credentials(struct routes *r, const struct yaml *t, void *into,
                             struct error *error)
{
        (void)r;
        return value_bool(t, &((struct cors_config *)into)->credentials, error);
}

static bool cors_max_age(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        int64_t ms;

        (void)r;
        if (!value_duration(t, 1000, &ms, error))
                return false;
        ((struct cors_config *)into)->max_age_s = ms / 1000;
        return true;
}

static const struct known_member path_members[] = {
        {"allowed-origins", cors_origins}, {"allowed-origin-patterns", cors_patterns},
        {"allowed-methods", cors_methods}, {"allowed-headers", cors_headers},
        {"exposed-headers", cors_exposed}, {"allow-credentials", cors_credentials},
        {"max-age", cors_max_age},         {NULL, NULL},
};

static bool read_paths(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        size_t most = 0;

        (void)into;
        for (const struct yaml *m = t->first; m; m = m->next)
                most++;
        r->cors = arena_alloc(r->arena, most * sizeof *r->cors);
        for (const struct yaml *m = t->first; m; m = m->next) {
                struct cors_config *c = &r->cors[r->cors_count++];
                const char *reason;

                if (t->kind != YAML_MAP)
                        return yaml_error(t, error, "corsConfigurations wants a map of paths");
                c->max_age_s = -1;
                c->paths = pattern_read(r->arena, m->name, &reason);
                if (!c->paths)
                        return yaml_error(m, error, "corsConfigurations '%s': %s", m->name, reason);
                if (!load_members(r, m, path_members, c, m->name, error))
                        return false;
                if (c->credentials && cors_is_open(c))
                        routes_warn(r, m,
                                    "with allowCredentials and the origin *, a page of any origin "
                                    "can send "
                                    "requests in its visitors' names; list the origins that may");
        }
        return true;
}

/* Spring needs this to answer preflights for which there is no route; here they are always
   answered. */
static bool read_simple_mapping(struct routes *r, const struct yaml *t, void *into,
                                struct error *error)
{
        bool value;

        (void)r, (void)into;
        return value_bool(t, &value, error);
}

bool load_cors(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        static const struct known_member known[] = {
                {"cors-configurations", read_paths},
                {"add-to-simple-url-handler-mapping", read_simple_mapping},
                {NULL, NULL},
        };

        return load_members(r, t, known, into, "globalcors", error);
}
