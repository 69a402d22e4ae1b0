#include "mallctl/up_routes.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char here[] = "http://localhost:";

static const struct up_daemon *daemon_usually_at(const struct up_plan *p, long port)
{
        for (size_t i = 0; i < p->count; i++)
                if (p->daemons[i].usual == port)
                        return &p->daemons[i];
        return NULL;
}

const char *up_routes_moved(const struct up_plan *p, const char *routes)
{
        struct text out = text_open(p->arena, strlen(routes) + 100);
        const char *at;

        while ((at = strstr(routes, here))) {
                char *end;
                const struct up_daemon *d =
                        daemon_usually_at(p, strtol(at + strlen(here), &end, 10));

                text_add(&out, routes, (size_t)(at - routes));
                if (d)
                        text_printf(&out, "http://%s:%d", p->host, d->port);
                else
                        text_add(&out, at, (size_t)(end - at));
                routes = end;
        }
        text_string(&out, routes);
        return out.at;
}

static bool has_moved(const struct up_plan *p)
{
        bool moved = strcmp(p->host, "localhost") != 0;

        for (size_t i = 0; i < p->count; i++)
                moved |= !p->daemons[i].is_gateway && p->daemons[i].port != p->daemons[i].usual;
        return moved;
}

static bool write_file(const char *path, const char *text, struct error *error)
{
        FILE *out = fopen(path, "we");
        bool good = out && fputs(text, out) >= 0;

        if (out)
                good &= fclose(out) == 0;
        return good || error_set(error, ERROR_UNAVAILABLE, "%.300s cannot be written: %s", path,
                                 strerror(errno));
}

bool up_routes_write(struct up_plan *p, const char *theirs, const char **warning,
                     struct error *error)
{
        struct up_daemon *gateway = up_plan_gateway(p);
        const char *routes;

        *warning = NULL;
        if (!gateway || !has_moved(p))
                return true;
        if (theirs) {
                *warning = arena_printf(
                        p->arena, "the routes are those of %s, which must know the ports", theirs);
                return true;
        }
        routes = up_plan_ask(p, gateway, "--builtin-routes", error);
        if (!routes)
                return false;
        p->routes = arena_printf(p->arena, "%s/routes.yml", p->data);
        return write_file(p->routes, up_routes_moved(p, routes), error);
}
