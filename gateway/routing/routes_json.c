#include "gateway/routing/routes.h"

#include "base/json.h"

#include <string.h>

static void write_member(struct text *out, const char *name, const char *value)
{
        json_write_string(out, name);
        text_char(out, ':');
        json_write_string(out, value);
}

/* Spring shows the items of a list as patterns[0], patterns[1]. */
static void write_argument(struct text *out, const struct definition *d, size_t i)
{
        const char *name = d->arguments[i].name;
        size_t before = 0, same = 0;

        for (size_t k = 0; k < d->count; k++) {
                same += strcmp(d->arguments[k].name, name) == 0;
                before += k < i && strcmp(d->arguments[k].name, name) == 0;
        }
        write_member(out, same > 1 ? arena_printf(out->arena, "%s[%zu]", name, before) : name,
                     d->arguments[i].value);
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

        route_show_predicates(route, &shown);
        write_member(out, "predicate", shown.at);
}

static void write_filters(struct text *out, const struct route *route)
{
        text_string(out, "\"filters\":[");
        for (size_t i = 0; i < route->filter_count; i++) {
                struct text shown = text_open(out->arena, 64);

                text_string(&shown, "[[");
                route->filters[i].kind->show(&route->filters[i], &shown);
                text_printf(&shown, "], order = %d]", route->filters[i].order);
                text_string(out, i ? "," : "");
                json_write_string(out, shown.at);
        }
        text_char(out, ']');
}

/* The metadata as it is in the file. */
static void write_metadata(struct text *out, const struct yaml *t)
{
        const char *brackets = t->kind == YAML_MAP ? "{}" : "[]";

        if (t->kind == YAML_SCALAR) {
                if (t->text)
                        json_write_string(out, t->text);
                else
                        text_string(out, "null");
                return;
        }
        text_char(out, brackets[0]);
        for (const struct yaml *m = t->first; m; m = m->next) {
                text_string(out, m == t->first ? "" : ",");
                if (t->kind == YAML_MAP) {
                        json_write_string(out, m->name);
                        text_char(out, ':');
                }
                write_metadata(out, m);
        }
        text_char(out, brackets[1]);
}

/* Without the default filters, which are not part of a route's definition. */
static void write_definitions(struct text *out, const struct route *route)
{
        bool first = true;

        text_string(out, ",\"predicates\":[");
        for (size_t i = 0; i < route->predicate_count; i++)
                write_definition(out, &route->predicates[i].definition, i == 0);
        text_string(out, "],\"filters\":[");
        for (size_t i = 0; i < route->filter_count; i++) {
                if (route->filters[i].by_default)
                        continue;
                write_definition(out, &route->filters[i].definition, first);
                first = false;
        }
        text_string(out, "],");
}

static void write_end(struct text *out, const struct route *route)
{
        text_printf(out, ",\"order\":%d", route->order);
        if (route->metadata) {
                text_string(out, ",\"metadata\":");
                write_metadata(out, route->metadata);
        }
}

static void write_route(struct text *out, const struct route *route)
{
        text_char(out, '{');
        write_member(out, "route_id", route->id);
        text_string(out, ",\"route_definition\":{");
        write_member(out, "id", route->id);
        write_definitions(out, route);
        write_member(out, "uri", route->uri);
        write_end(out, route);
        text_char(out, '}');
        write_end(out, route);
        text_char(out, ',');
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
