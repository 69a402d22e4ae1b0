#include "gateway/routes.h"

#include "base/json.h"

#include <string.h>

static void write_member(struct text *out, const char *name, const char *value)
{
        json_write_string(out, name);
        text_char(out, ':');
        json_write_string(out, value);
}

/* A list under one name is shown as Spring's binder flattens it: patterns[0], patterns[1]. */
static void write_argument(struct text *out, const struct definition *d, size_t i)
{
        const char *name = d->arguments[i].name;
        size_t before = 0, same = 0;

        for (size_t k = 0; k < d->count; k++) {
                same += strcmp(d->arguments[k].name, name) == 0;
                before += k < i && strcmp(d->arguments[k].name, name) == 0;
        }
        write_member(out, same > 1 ? arena_printf(out->arena, "%s[%zu]", name, before) : name, d->arguments[i].value);
}

static void write_definition(struct text *out, const struct definition *d, bool first)
{
        text_string(out, first ? "{" : ",{");
        write_member(out, "name", d->name);
        text_string(out, ",\"args\":{");
        for (size_t i = 0; i < d->count; i++) {
                text_string(out, i ? "," : "");
                write_argument(out, d, i);
        }
        text_string(out, "}}");
}

static void write_predicate(struct text *out, const struct route *route)
{
        struct text shown = text_open(out->arena, 64);

        for (size_t i = 0; i < route->predicate_count; i++) {
                text_string(&shown, i ? " && " : route->predicate_count > 1 ? "(" : "");
                route->predicates[i].kind->show(&route->predicates[i], &shown);
        }
        if (route->predicate_count > 1)
                text_char(&shown, ')');
        write_member(out, "predicate", shown.at);
}

static void write_filters(struct text *out, const struct route *route)
{
        text_string(out, "\"filters\":[");
        for (size_t i = 0; i < route->filter_count; i++) {
                struct text shown = text_open(out->arena, 64);

                text_string(&shown, "[[");
                route->filters[i].kind->show(&route->filters[i], &shown);
                text_printf(&shown, "], order = %zu]", i + 1);
                text_string(out, i ? "," : "");
                json_write_string(out, shown.at);
        }
        text_char(out, ']');
}

static void write_route(struct text *out, const struct route *route)
{
        text_char(out, '{');
        write_member(out, "route_id", route->id);
        text_string(out, ",\"route_definition\":{");
        write_member(out, "id", route->id);
        text_string(out, ",\"predicates\":[");
        for (size_t i = 0; i < route->predicate_count; i++)
                write_definition(out, &route->predicates[i].definition, i == 0);
        text_string(out, "],\"filters\":[");
        for (size_t i = 0; i < route->filter_count; i++)
                write_definition(out, &route->filters[i].definition, i == 0);
        text_string(out, "],");
        write_member(out, "uri", route->uri);
        text_printf(out, ",\"order\":%d},\"order\":%d,", route->order, route->order);
        write_member(out, "uri", route->uri);
        text_char(out, ',');
        write_predicate(out, route);
        text_char(out, ',');
        write_filters(out, route);
        text_char(out, '}');
}

void routes_json(const struct routes *routes, struct text *out)
{
        text_char(out, '[');
        for (size_t i = 0; i < routes->count; i++) {
                text_string(out, i ? "," : "");
                write_route(out, &routes->at[i]);
        }
        text_char(out, ']');
}
