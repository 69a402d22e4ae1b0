#include "gateway/proxy/snapshot.h"

#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 2000, RESPONSE_MS = 30000, MAX_IN_FLIGHT = 1000 };

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

static int first_said(int a, int b, int c, int d)
{
        return a ? a : b ? b : c ? c : d;
}

/* The route's own come first, ours last. Between them a setting is stronger than the file's
   httpclient for the timeouts, and weaker for max_in_flight. */
static struct target_limits limits_of(const struct route *route,
                                      const struct client_settings *client,
                                      const struct target_limits *settings)
{
        return (struct target_limits){
                .connect_ms = first_said(route->connect_ms, settings->connect_ms,
                                         client->connect_ms, CONNECT_MS),
                .response_ms = first_said(route->response_ms, settings->response_ms,
                                          client->response_ms, RESPONSE_MS),
                .max_in_flight = first_said(route->max_in_flight, client->max_connections,
                                            settings->max_in_flight, MAX_IN_FLIGHT),
        };
}

struct snapshot *snapshot_open(struct routes *routes, const struct target_limits *settings,
                               struct metrics *metrics, struct upstream_meters *meters)
{
        struct snapshot *s = memory_alloc(sizeof *s);

        s->routes = routes;
        s->metrics_of_routes = route_metrics_open(metrics, routes);
        s->targets = memory_alloc((routes->count + 1) * sizeof *s->targets);
        for (size_t i = 0; i < routes->count; i++) {
                struct target *t = &s->targets[i];

                t->limits = limits_of(&routes->at[i], &routes->client, settings);
                if (!routes->at[i].base)
                        continue;
                target_read(t, routes->arena, routes->at[i].base);
                t->meter = upstream_meter_of(meters, t->host, t->port);
        }
        atomic_store(&s->holders, 1);
        return s;
}

struct snapshot *snapshot_hold(struct snapshot *s)
{
        atomic_fetch_add(&s->holders, 1);
        return s;
}

void snapshot_release(struct snapshot **at)
{
        struct snapshot *s = *at;

        *at = NULL;
        if (!s || atomic_fetch_sub(&s->holders, 1) != 1)
                return;
        route_metrics_close(&s->metrics_of_routes);
        routes_close(&s->routes);
        free(s->targets);
        free(s);
}

struct target *snapshot_target(const struct snapshot *s, const struct route *route)
{
        return &s->targets[route - s->routes->at];
}
