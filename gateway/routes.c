#include "gateway/routes.h"

#include "gateway/builtin.h"
#include "gateway/documents.h"
#include "gateway/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 20 };

/* What is not ours, outside spring.cloud.gateway: one warning for each, at the highest level where it is strange. */
static void warn_others(struct routes *r, const struct tree *map, const char *prefix, const char *const *known)
{
        for (const struct tree *m = map ? map->first : NULL; m; m = m->next) {
                const char *const *k = known;

                while (*k && !tree_is_named(m, *k))
                        k++;
                if (!*k && m->name)
                        settings_warn(r, m, "%s%s has no effect here", prefix, m->name);
        }
}

static void warn_all(struct routes *r, const struct tree *all)
{
        static const char *const top[] = {"server", "spring", NULL}, *const server[] = {"port", NULL};
        static const char *const spring[] = {"profiles", "config", "cloud", NULL}, *const cloud[] = {"gateway", NULL};
        static const char *const config[] = {"activate", NULL}, *const activate[] = {"on-profile", NULL};
        const struct tree *profiles = tree_at(all, "spring.profiles");

        r->warnings = arena_alloc(r->arena, sizeof *r->warnings);
        warn_others(r, all, "", top);
        warn_others(r, tree_member(all, "server"), "server.", server);
        warn_others(r, tree_member(all, "spring"), "spring.", spring);
        warn_others(r, tree_at(all, "spring.cloud"), "spring.cloud.", cloud);
        warn_others(r, tree_at(all, "spring.config"), "spring.config.", config);
        warn_others(r, tree_at(all, "spring.config.activate"), "spring.config.activate.", activate);
        if (profiles && profiles->kind == TREE_MAP)
                warn_others(r, profiles, "spring.profiles.", activate + 1);
}

static bool read_tree(struct routes *r, struct tree *all, struct error *error)
{
        struct tree *gateway = tree_at(all, "spring.cloud.gateway"), *port = tree_at(all, "server.port");

        warn_all(r, all);
        return tree_expand(r->arena, gateway, all, error) && tree_expand(r->arena, port, all, error) &&
               settings_read(r, gateway, error) && settings_read_port(r, port, error);
}

struct routes *routes_read(const char *source, const char *text, size_t len, const char *profile, struct error *error)
{
        struct arena *arena = arena_open();
        struct routes *r = arena_alloc(arena, sizeof *r);
        struct tree *all;

        r->arena = arena;
        r->source = arena_string(arena, source);
        all = tree_read(arena, source, text, len, error);
        if (all)
                all = documents_merge(arena, all, profile, error);
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
                error_set(error, ERROR_BAD_INPUT, "%s: larger than a routes file can be", path);
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
                return routes_read("built-in", builtin_routes, strlen(builtin_routes), profile, error);
        text = memory_alloc(MOST_BYTES);
        if (read_file(file, text, &len, error))
                routes = routes_read(file, text, len, profile, error);
        free(text);
        return routes;
}

void routes_close(struct routes **routes)
{
        struct arena *arena;

        if (!*routes)
                return;
        arena = (*routes)->arena;
        *routes = NULL;
        arena_close(&arena);
}

static bool route_takes(const struct route *route, const struct http_request *request)
{
        for (size_t i = 0; i < route->predicate_count; i++)
                if (!route->predicates[i].kind->holds(&route->predicates[i], request))
                        return false;
        return true;
}

const struct route *routes_find(const struct routes *r, const struct http_request *request)
{
        for (size_t i = 0; i < r->count; i++)
                if (route_takes(&r->at[i], request))
                        return &r->at[i];
        return NULL;
}

const struct cors_config *routes_cors(const struct routes *r, const char *path)
{
        const struct cors_config *best = NULL;

        for (size_t i = 0; i < r->cors_count; i++)
                if (pattern_matches(r->cors[i].paths, path) &&
                    (!best || pattern_weight(r->cors[i].paths) > pattern_weight(best->paths)))
                        best = &r->cors[i];
        return best;
}
