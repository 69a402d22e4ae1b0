#include "gateway/plan.h"

#include <stdlib.h>
#include <string.h>

/* "http://order:8080", "http://[::1]:80", "http://order" */
static void target_read(struct target *t, struct arena *arena, const char *base)
{
        const char *host = base + strlen("http://"), *end;
        bool bracket = *host == '[';

        t->authority = arena_string(arena, host);
        host += bracket;
        end = host + strcspn(host, bracket ? "]" : ":");
        t->host = arena_copy(arena, host, (size_t)(end - host));
        end += bracket;
        t->port = *end == ':' ? (int)strtol(end + 1, NULL, 10) : 80;
}

struct plan *plan_open(struct routes *routes, struct metrics *metrics)
{
        struct plan *p = memory_alloc(sizeof *p);

        p->routes = routes;
        p->observer = observer_open(metrics, routes);
        p->targets = memory_alloc((routes->count + 1) * sizeof *p->targets);
        for (size_t i = 0; i < routes->count; i++)
                if (routes->at[i].base)
                        target_read(&p->targets[i], routes->arena, routes->at[i].base);
        atomic_store(&p->holders, 1);
        return p;
}

struct plan *plan_hold(struct plan *p)
{
        atomic_fetch_add(&p->holders, 1);
        return p;
}

void plan_release(struct plan **at)
{
        struct plan *p = *at;

        *at = NULL;
        if (!p || atomic_fetch_sub(&p->holders, 1) != 1)
                return;
        observer_close(&p->observer);
        routes_release(&p->routes);
        free(p->targets);
        free(p);
}

struct target *plan_target(const struct plan *p, const struct route *route)
{
        return &p->targets[route - p->routes->at];
}
