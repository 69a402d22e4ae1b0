/* routes_read - finds the file and reads it into struct routes. */
#include "gateway/routing/load.h"

#include "gateway/config/placeholder.h"
#include "gateway/config/profiles.h"
#include "gateway/routing/builtin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 20 };

/* Warns of each member of the map that is not known; its own members cause no further warnings. */
static void warn_others(struct routes *r, const struct yaml *map, const char *prefix,
                        const char *const *known)
{
        for (const struct yaml *m = map ? map->first : NULL; m; m = m->next) {
                const char *const *k = known;

                while (*k && !yaml_is_named(m, *k))
                        k++;
                if (!*k && m->name)
                        routes_warn(r, m, "%s%s has no effect here", prefix, m->name);
        }
}

/* Of resilience4j only the circuit breakers are used, with the settings of breaker.h. */
static void warn_resilience(struct routes *r, const struct yaml *resilience)
{
        static const char *const parts[] = {"circuitbreaker", NULL}, *const lists[] = {"instances",
                                                                                       "configs",
                                                                                       NULL};
        static const char *const settings[] = {"base-config",
                                               "failure-rate-threshold",
                                               "sliding-window-size",
                                               "minimum-number-of-calls",
                                               "wait-duration-in-open-state",
                                               "permitted-number-of-calls-in-half-open-state",
                                               NULL};
        const struct yaml *breakers = yaml_member(resilience, "circuitbreaker");

        warn_others(r, resilience, "resilience4j.", parts);
        warn_others(r, breakers, "resilience4j.circuitbreaker.", lists);
        for (int i = 0; lists[i]; i++) {
                const struct yaml *list = yaml_member(breakers, lists[i]);

                for (const struct yaml *m = list ? list->first : NULL; m; m = m->next)
                        warn_others(r, m,
                                    arena_printf(r->arena, "resilience4j.circuitbreaker.%s.%s.",
                                                 lists[i], m->name),
                                    settings);
        }
}

static void warn_all(struct routes *r, const struct yaml *all)
{
        static const char *const top[] = {"server", "spring", "resilience4j", NULL},
                                 *const server[] = {"port", NULL};
        static const char *const spring[] = {"profiles", "config", "cloud", NULL},
                                 *const cloud[] = {"gateway", NULL};
        static const char *const config[] = {"activate", NULL}, *const activate[] = {"on-profile",
                                                                                     NULL};
        const struct yaml *profiles = yaml_at(all, "spring.profiles");

        r->warnings = arena_alloc(r->arena, sizeof *r->warnings);
        warn_others(r, all, "", top);
        warn_others(r, yaml_member(all, "server"), "server.", server);
        warn_others(r, yaml_member(all, "spring"), "spring.", spring);
        warn_others(r, yaml_at(all, "spring.cloud"), "spring.cloud.", cloud);
        warn_others(r, yaml_at(all, "spring.config"), "spring.config.", config);
        warn_others(r, yaml_at(all, "spring.config.activate"), "spring.config.activate.", activate);
        if (profiles && profiles->kind == YAML_MAP)
                warn_others(r, profiles, "spring.profiles.", activate + 1);
        warn_resilience(r, yaml_member(all, "resilience4j"));
}

static bool read_tree(struct routes *r, struct yaml *all, struct error *error)
{
        struct yaml *gateway = yaml_at(all, "spring.cloud.gateway"),
                    *port = yaml_at(all, "server.port");

        warn_all(r, all);
        return yaml_expand(r->arena, gateway, all, error) &&
               yaml_expand(r->arena, port, all, error) &&
               yaml_expand(r->arena, yaml_member(all, "resilience4j"), all, error) &&
               load_gateway(r, all, error) && load_port(r, port, error);
}

struct routes *routes_read(const char *source, const char *text, size_t len, const char *profile,
                           struct error *error)
{
        struct arena *arena = arena_open();
        struct routes *r = arena_alloc(arena, sizeof *r);
        struct yaml *all;

        r->arena = arena;
        r->source = arena_string(arena, source);
        all = yaml_read(arena, source, text, len, error);
        if (all)
                all = profiles_merge(arena, all, profile, error);
        if (!all || !read_tree(r, all, error))
                routes_close(&r);
        return r;
}

static bool read_file(const char *path, char *text, size_t *len, struct error *error)
{
        FILE *f = fopen(path, "re");

        if (!f)
                return error_set(error, ERROR_BAD_INPUT, "%s: %s", path, strerror(errno));
        *len = fread(text, 1, MOST_BYTES, f);
        if (ferror(f))
                error_set(error, ERROR_BAD_INPUT, "%s: %s", path, strerror(errno));
        else if (*len == MOST_BYTES)
                error_set(error, ERROR_BAD_INPUT,
                          "%s:1: larger than %d KiB, which is the most for a routes file", path,
                          MOST_BYTES >> 10);
        fclose(f);
        return error->kind == ERROR_NONE;
}

struct routes *routes_open(const char *path, const char *profile, struct error *error)
{
        const char *file = path ? path : "application.yml";
        struct routes *routes = NULL;
        char *text;
        size_t len = 0;

        error->kind = ERROR_NONE;
        if (!path && access(file, F_OK) != 0)
                return routes_read("built-in", builtin_routes, strlen(builtin_routes), profile,
                                   error);
        text = memory_alloc(MOST_BYTES);
        if (read_file(file, text, &len, error))
                routes = routes_read(file, text, len, profile, error);
        free(text);
        return routes;
}
