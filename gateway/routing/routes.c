#include "gateway/routing/routes.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

void routes_close(struct routes **routes)
{
        struct routes *r = *routes;
        struct arena *arena;

        *routes = NULL;
        if (!r)
                return;
        for (struct shared_breaker *b = r->breakers; b; b = b->next)
                breaker_close(&b->state);
        for (struct route_limiter *l = r->limiters; l; l = l->next)
                limiter_close(&l->state);
        arena = r->arena;
        arena_close(&arena);
}

void routes_warn(struct routes *r, const struct yaml *at, const char *format, ...)
{
        const char *warning;
        va_list args;

        va_start(args, format);
        warning = arena_printf(r->arena, "%s:%d: %s", at->file, at->line,
                               arena_vprintf(r->arena, format, args));
        va_end(args);
        for (size_t i = 0; i < r->warning_count; i++)
                if (strcmp(r->warnings[i], warning) == 0)
                        return;
        yaml_add_text(r->arena, &r->warnings, &r->warning_count, warning);
}

static void inherit_breakers(struct routes *r, const struct routes *old)
{
        for (struct shared_breaker *b = r->breakers; b; b = b->next)
                for (const struct shared_breaker *o = old->breakers; o; o = o->next) {
                        if (strcmp(b->name, o->name) != 0 ||
                            !breaker_config_is_same(breaker_config(b->state),
                                                    breaker_config(o->state)))
                                continue;
                        breaker_close(&b->state);
                        b->state = breaker_hold(o->state);
                        for (size_t i = 0; i < r->count; i++)
                                if (r->at[i].breaker &&
                                    strcmp(r->at[i].breaker->name, b->name) == 0)
                                        r->at[i].breaker->state = b->state;
                }
}

/* Whether the old counts still mean the same. */
static bool is_same_limiter(const struct route_limiter *a, const struct route_limiter *b)
{
        const struct limiter_config *x = limiter_config(a->state), *y = limiter_config(b->state);

        return a->key == b->key && (!a->header || strcasecmp(a->header, b->header) == 0) &&
               x->replenish == y->replenish && x->burst == y->burst && x->requested == y->requested;
}

static void inherit_limiter(struct route *route, const struct routes *old)
{
        for (size_t i = 0; i < old->count; i++) {
                const struct route *o = &old->at[i];

                if (o->limiter && strcmp(o->id, route->id) == 0 &&
                    is_same_limiter(route->limiter, o->limiter)) {
                        limiter_close(&route->limiter->state);
                        route->limiter->state = limiter_hold(o->limiter->state);
                        return;
                }
        }
}

void routes_inherit(struct routes *routes, const struct routes *old)
{
        inherit_breakers(routes, old);
        for (size_t i = 0; i < routes->count; i++)
                if (routes->at[i].limiter)
                        inherit_limiter(&routes->at[i], old);
}

static bool route_takes(const struct route *route, const struct asked *asked)
{
        for (size_t i = 0; i < route->predicate_count; i++)
                if (!route->predicates[i].kind->holds(&route->predicates[i], asked))
                        return false;
        return true;
}

const struct route *routes_find(const struct routes *r, const struct asked *asked)
{
        for (size_t i = 0; i < r->count; i++)
                if (route_takes(&r->at[i], asked))
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
