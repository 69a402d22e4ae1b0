#include "gateway/settings.h"

#include "gateway/field.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void settings_warn(struct routes *r, const struct tree *at, const char *format, ...)
{
        const char **larger = arena_alloc(r->arena, (r->warning_count + 2) * sizeof *larger);
        va_list args;

        if (r->warning_count)
                memcpy(larger, r->warnings, r->warning_count * sizeof *larger);
        va_start(args, format);
        larger[r->warning_count++] = arena_printf(r->arena, "%s:%d: %s", at->file, at->line,
                                                  arena_vprintf(r->arena, format, args));
        va_end(args);
        r->warnings = larger;
}

static bool route_id(struct routes *r, const struct tree *t, void *into, struct error *error)
{
        (void)r;
        return field_scalar(t, &((struct route *)into)->id, error);
}

static bool is_host(const char *host, size_t len)
{
        if (len && host[0] == '[')
                return len > 2 && strspn(host + 1, "0123456789abcdefABCDEF:.") == len - 2 && host[len - 1] == ']';
        for (size_t i = 0; i < len; i++)
                if (!isalnum((unsigned char)host[i]) && !strchr("-._", host[i]))
                        return false;
        return len > 0;
}

/* The scheme, host and port of a route's uri; Spring takes the path from the request alone, and so do we. */
static bool route_uri(struct routes *r, const struct tree *t, void *into, struct error *error)
{
        struct route *route = into;
        const char *host, *port, *end;
        size_t len;

        if (!field_scalar(t, &route->uri, error))
                return false;
        if (strncmp(route->uri, "lb:", 3) == 0)
                return tree_error(t, error, "%s: no load balancing here; name host and port (http://order:8080)", route->uri);
        if (strncasecmp(route->uri, "http://", 7) != 0)
                return tree_error(t, error, "%s: only http:// is supported", route->uri);
        host = route->uri + 7;
        end = host + strcspn(host, "/");
        len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
        port = host + len;
        if (port > end || !is_host(host, len) || (port < end && *port != ':'))
                return tree_error(t, error, "%s has no host", route->uri);
        if (port < end && ((size_t)(end - port - 1) != strspn(port + 1, "0123456789") || atoi(port + 1) < 1 || end - port > 6 ||
                           atoi(port + 1) > 65535))
                return tree_error(t, error, "%s has no port from 1 to 65535", route->uri);
        if (*end && strcmp(end, "/") != 0)
                settings_warn(r, t, "the path in %s has no effect: it is the request's that is forwarded", route->uri);
        route->base = arena_copy(r->arena, route->uri, (size_t)(end - route->uri));
        return true;
}

static size_t length(const struct tree *t)
{
        size_t n = t->kind == TREE_SCALAR && t->text;

        for (const struct tree *m = t->first; m; m = m->next)
                n++;
        return n;
}

static bool route_predicates(struct routes *r, const struct tree *t, void *into, struct error *error)
{
        struct route *route = into;

        if (t->kind == TREE_MAP)
                return tree_error(t, error, "predicates wants a list");
        route->predicates = arena_alloc(r->arena, length(t) * sizeof *route->predicates);
        if (t->kind == TREE_SCALAR && t->text)
                return predicate_read(r->arena, t, &route->predicates[route->predicate_count++], error);
        for (const struct tree *m = t->first; m; m = m->next)
                if (!predicate_read(r->arena, m, &route->predicates[route->predicate_count++], error))
                        return false;
        return true;
}

static bool route_filters(struct routes *r, const struct tree *t, void *into, struct error *error)
{
        struct route *route = into;

        if (t->kind == TREE_MAP)
                return tree_error(t, error, "filters wants a list");
        route->filters = arena_alloc(r->arena, length(t) * sizeof *route->filters);
        if (t->kind == TREE_SCALAR && t->text)
                return filter_read(r->arena, t, &route->filters[route->filter_count++], error);
        for (const struct tree *m = t->first; m; m = m->next)
                if (!filter_read(r->arena, m, &route->filters[route->filter_count++], error))
                        return false;
        return true;
}

static bool route_order(struct routes *r, const struct tree *t, void *into, struct error *error)
{
        struct tree positive = *t;
        int64_t order;
        bool minus = t->text && *t->text == '-';

        (void)r;
        if (minus)
                positive.text++;
        if (!field_number(&positive, 0, INT32_MAX, &order, error))
                return false;
        ((struct route *)into)->order = (int)(minus ? -order : order);
        return true;
}

static const struct field route_fields[] = {
        { "id", route_id },           { "uri", route_uri },     { "predicates", route_predicates },
        { "filters", route_filters }, { "order", route_order }, { NULL, NULL },
};

/* Stable: among equals the file's order holds. */
static void route_insert(struct routes *r, const struct route *route)
{
        size_t i = r->count++;

        for (; i > 0 && r->at[i - 1].order > route->order; i--)
                r->at[i] = r->at[i - 1];
        r->at[i] = *route;
}

static bool gateway_routes(struct routes *r, const struct tree *t, void *into, struct error *error)
{
        (void)into;
        if (t->kind != TREE_LIST)
                return t->kind == TREE_SCALAR && !t->text ? true : tree_error(t, error, "routes wants a list");
        r->at = arena_alloc(r->arena, length(t) * sizeof *r->at);
        for (const struct tree *m = t->first; m; m = m->next) {
                struct route route = {.id = NULL};

                if (!fields_read(r, m, route_fields, &route, "routes[]", error))
                        return false;
                if (!route.uri)
                        return tree_error(m, error, "a route without uri");
                if (!route.predicate_count)
                        return tree_error(m, error, "a route without predicates");
                if (!route.id)
                        route.id = arena_printf(r->arena, "route-%zu", r->count + 1);
                route_insert(r, &route);
        }
        return true;
}

static bool gateway_enabled(struct routes *r, const struct tree *t, void *into, struct error *error)
{
        bool enabled;

        (void)r, (void)into;
        if (!field_bool(t, &enabled, error))
                return false;
        return enabled || tree_error(t, error, "enabled can only be true: this is nothing but a gateway");
}

/* What only switches on what is always on here. */
static bool gateway_always(struct routes *r, const struct tree *t, void *into, struct error *error)
{
        (void)r, (void)t, (void)into, (void)error;
        return true;
}

static bool client_connect(struct routes *r, const struct tree *t, void *into, struct error *error)
{
        int64_t ms;

        (void)into;
        if (!field_duration(t, 1, &ms, error))
                return false;
        r->connect_ms = (int)ms;
        return (ms > 0 && ms <= 3600000) || tree_error(t, error, "%s must lie between 1ms and 1h", t->name);
}

static bool client_response(struct routes *r, const struct tree *t, void *into, struct error *error)
{
        int64_t ms;

        (void)into;
        if (!field_duration(t, 1, &ms, error))
                return false;
        r->response_ms = (int)ms;
        return (ms > 0 && ms <= 3600000) || tree_error(t, error, "%s must lie between 1ms and 1h", t->name);
}

static bool gateway_client(struct routes *r, const struct tree *t, void *into, struct error *error)
{
        static const struct field fields[] = {
                { "connect-timeout", client_connect }, { "response-timeout", client_response }, { NULL, NULL },
        };

        return fields_read(r, t, fields, into, "httpclient", error);
}

static const struct field gateway_fields[] = {
        { "routes", gateway_routes },   { "globalcors", settings_cors }, { "httpclient", gateway_client },
        { "enabled", gateway_enabled }, { "metrics", gateway_always },   { "actuator", gateway_always },
        { NULL, NULL },
};

bool settings_read(struct routes *r, const struct tree *gateway, struct error *error)
{
        return !gateway || fields_read(r, gateway, gateway_fields, NULL, "spring.cloud.gateway", error);
}

bool settings_read_port(struct routes *r, const struct tree *port, struct error *error)
{
        int64_t number = 0;

        if (port && !field_number(port, 0, 65535, &number, error))
                return false;
        r->port = (int)number;
        return true;
}
