/* routes_check - the output of --check-routes. */
#include "gateway/routing/routes.h"

static void print_route(FILE *out, struct arena *arena, const struct route *route)
{
        struct text line = text_open(arena, 200);

        text_printf(&line, "route %s to %s: ", route->id, route->uri);
        route_show_predicates(route, &line);
        for (size_t i = 0; i < route->filter_count; i++) {
                text_string(&line, i ? "; " : " through ");
                route->filters[i].kind->show(&route->filters[i], &line);
        }
        fprintf(out, "%s\n", line.at);
}

int routes_check(FILE *out, const char *path, const char *profile)
{
        struct error error = {.kind = ERROR_NONE};
        struct routes *routes = routes_open(path, profile, &error);

        if (!routes) {
                fprintf(out, "error: %s\n", error.text);
                return 1;
        }
        for (size_t i = 0; i < routes->count; i++)
                print_route(out, routes->arena, &routes->at[i]);
        for (size_t i = 0; i < routes->warning_count; i++)
                fprintf(out, "warning: %s\n", routes->warnings[i]);
        fprintf(out, "%s is good; routes: %zu, warnings: %zu\n", routes->source, routes->count,
                routes->warning_count);
        routes_close(&routes);
        return 0;
}
