/* load_route - routes[] and default-filters. */
#include "gateway/routing/load.h"

#include "base/redact.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A route while it is read. Members that depend on others are read last. */
struct route_draft {
        struct route route;
        const struct yaml *uri, *filters, *default_filters, *file;
};

static bool route_id(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        (void)r;
        return value_scalar(t, &((struct route_draft *)into)->route.id, error);
}

static bool route_uri(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        struct route_draft *draft = into;

        (void)r;
        draft->uri = t;
        return value_scalar(t, &draft->route.uri, error);
}

static bool is_host(const char *host, size_t len)
{
        if (len && host[0] == '[')
                return len > 2 && strspn(host + 1, "0123456789abcdefABCDEF:.") == len - 2 &&
                       host[len - 1] == ']';
        for (size_t i = 0; i < len; i++)
                if (!isalnum((unsigned char)host[i]) && !strchr("-._", host[i]))
                        return false;
        return len > 0;
}

static bool is_port(const char *digits, size_t len)
{
        long port = strtol(digits, NULL, 10);

        return len <= 5 && strspn(digits, "0123456789") == len && port >= 1 && port <= 65535;
}

/* Reads scheme, host and port of the route's uri. As in Spring, a path in it has no effect. */
static bool read_base(struct routes *r, struct route *route, const struct yaml *t,
                      struct error *error)
{
        char shown[REDACTED];
        const char *host, *port, *end;
        size_t len;

        if (strncasecmp(route->uri, "http://", 7) != 0 && route->answers_itself)
                return true;
        if (strncmp(route->uri, "lb:", 3) == 0)
                return yaml_error(
                        t, error,
                        "%s: no load balancing here; name host and port (http://order:8080)",
                        redact(route->uri, shown));
        if (strncasecmp(route->uri, "http://", 7) != 0)
                return yaml_error(t, error, "%s: only http:// is supported",
                                  redact(route->uri, shown));
        host = route->uri + 7;
        end = host + strcspn(host, "/");
        len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
        port = host + len;
        if (port > end || !is_host(host, len) || (port < end && *port != ':'))
                return yaml_error(t, error, "%s has no host", redact(route->uri, shown));
        if (port < end && !is_port(port + 1, (size_t)(end - port - 1)))
                return yaml_error(t, error, "%s has no port from 1 to 65535",
                                  redact(route->uri, shown));
        if (*end && strcmp(end, "/") != 0)
                routes_warn(r, t,
                            "the path in %s has no effect: it is the request's that is forwarded",
                            redact(route->uri, shown));
        route->base = arena_copy(r->arena, route->uri, (size_t)(end - route->uri));
        return true;
}

static size_t length(const struct yaml *t)
{
        size_t n = t && t->kind == YAML_SCALAR && t->text;

        for (const struct yaml *m = t ? t->first : NULL; m; m = m->next)
                n++;
        return n;
}

static bool route_predicates(struct routes *r, const struct yaml *t, void *into,
                             struct error *error)
{
        struct route *route = &((struct route_draft *)into)->route;

        if (t->kind == YAML_MAP)
                return yaml_error(t, error, "predicates wants a list");
        route->predicates = arena_alloc(r->arena, length(t) * sizeof *route->predicates);
        if (t->kind == YAML_SCALAR && t->text)
                return predicate_read(r, t, &route->predicates[route->predicate_count++], error);
        for (const struct yaml *m = t->first; m; m = m->next)
                if (!predicate_read(r, m, &route->predicates[route->predicate_count++], error))
                        return false;
        return true;
}

static bool route_filters(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        (void)r, (void)error;
        ((struct route_draft *)into)->filters = t;
        return true;
}

static bool read_filter(const struct filter_place *place, const struct yaml *t, bool by_default,
                        int order, struct error *error)
{
        struct filter *f = &place->route->filters[place->route->filter_count++];

        f->by_default = by_default;
        f->order = order;
        return filter_read(place, t, f, error);
}

static bool read_filters(const struct filter_place *place, const struct yaml *list, bool by_default,
                         struct error *error)
{
        int order = 1;

        if (!list || (list->kind == YAML_SCALAR && !list->text))
                return true;
        if (list->kind == YAML_MAP)
                return yaml_error(list, error, "%s wants a list", list->name);
        if (list->kind == YAML_SCALAR)
                return read_filter(place, list, by_default, order, error);
        for (const struct yaml *m = list->first; m; m = m->next)
                if (!read_filter(place, m, by_default, order++, error))
                        return false;
        return true;
}

/* Spring counts both lists from 1 and sorts by that number: the first default filter, the route's
   first, the second default filter ... */
static void sort_filters(struct route *route)
{
        for (size_t i = 1; i < route->filter_count; i++) {
                struct filter f = route->filters[i];
                size_t k = i;

                for (; k > 0 && route->filters[k - 1].order > f.order; k--)
                        route->filters[k] = route->filters[k - 1];
                route->filters[k] = f;
        }
}

static bool route_order(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        struct yaml positive = *t;
        int64_t order;
        bool minus = t->text && *t->text == '-';

        (void)r;
        if (minus)
                positive.text++;
        if (!value_number(&positive, 0, INT32_MAX, &order, error))
                return false;
        ((struct route_draft *)into)->route.order = (int)(minus ? -order : order);
        return true;
}

/* Keys that have a meaning here are read as Spring reads them; all others are the user's own. */
static bool route_metadata(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        struct route *route = &((struct route_draft *)into)->route;
        const struct yaml *connect = yaml_member(t, "connect-timeout"),
                          *response = yaml_member(t, "response-timeout");
        const struct yaml *flight = yaml_member(t, "max-in-flight"),
                          *idempotency = yaml_member(t, "idempotency");
        int64_t connect_ms = 0, response_ms = 0, in_flight = 0;
        bool unlimited = response && response->text && *response->text == '-', keeps = false;

        if (t->kind != YAML_MAP)
                return t->kind == YAML_SCALAR && !t->text
                               ? true
                               : yaml_error(t, error, "metadata wants a map");
        if (yaml_member(t, "cors"))
                routes_warn(r, yaml_member(t, "cors"),
                            "metadata.cors has no effect here; globalcors takes paths, too");
        if ((connect && !value_wait(connect, &connect_ms, error)) ||
            (response && !unlimited && !value_wait(response, &response_ms, error)) ||
            (flight && !value_number(flight, 1, 1000000, &in_flight, error)) ||
            (idempotency && !value_bool(idempotency, &keeps, error)))
                return false;
        route->connect_ms = (int)connect_ms;
        route->response_ms = unlimited ? -1 : (int)response_ms;
        route->max_in_flight = (int)in_flight;
        route->idempotency = !idempotency ? IDEMPOTENCY_UNSAID
                             : keeps      ? IDEMPOTENCY_YES
                                          : IDEMPOTENCY_NO;
        route->metadata = t;
        return true;
}

static const struct known_member route_members[] = {
        {"id", route_id},
        {"uri", route_uri},
        {"predicates", route_predicates},
        {"filters", route_filters},
        {"order", route_order},
        {"metadata", route_metadata},
        {NULL, NULL},
};

static bool read_route(struct routes *r, const struct yaml *t, struct route_draft *draft,
                       struct error *error)
{
        struct route *route = &draft->route;
        struct filter_place place = {r, route, draft->file};

        if (!yaml_fits(t, r->arena, error) ||
            !load_members(r, t, route_members, draft, "routes[]", error))
                return false;
        if (!route->uri)
                return yaml_error(t, error, "a route without uri");
        if (!route->predicate_count)
                return yaml_error(t, error, "a route without predicates");
        if (!route->id)
                route->id = arena_printf(r->arena, "route-%zu", r->count + 1);
        route->filters =
                arena_alloc(r->arena, (length(draft->default_filters) + length(draft->filters)) *
                                              sizeof *route->filters);
        if (!read_filters(&place, draft->default_filters, true, error) ||
            !read_filters(&place, draft->filters, false, error))
                return false;
        sort_filters(route);
        return read_base(r, route, draft->uri, error);
}

/* Sorted by order; equal ones stay in the file's order. */
static void route_insert(struct routes *r, const struct route *route)
{
        size_t i = r->count++;

        for (; i > 0 && r->at[i - 1].order > route->order; i--)
                r->at[i] = r->at[i - 1];
        r->at[i] = *route;
}

static void share_weights(struct routes *r)
{
        struct predicate **weights;
        size_t most = 0, count = 0;

        for (size_t i = 0; i < r->count; i++)
                most += r->at[i].predicate_count;
        weights = arena_alloc(r->arena, most * sizeof *weights);
        for (size_t i = 0; i < r->count; i++)
                for (size_t k = 0; k < r->at[i].predicate_count; k++)
                        if (strcmp(r->at[i].predicates[k].kind->name, "Weight") == 0)
                                weights[count++] = &r->at[i].predicates[k];
        predicates_share(weights, count);
}

/* Without a route for its path, a fallback would answer 404 when it is needed. */
static bool check_fallback(const struct routes *r, const struct route *route, struct error *error)
{
        for (size_t i = 0; i < r->count; i++)
                if (route_takes_path(&r->at[i], route->breaker->fallback))
                        return true;
        for (size_t i = 0; i < route->filter_count; i++)
                if (route->filters[i].config == route->breaker)
                        return yaml_error(route->filters[i].definition.at, error,
                                          "CircuitBreaker: no route takes the path of forward:%s",
                                          route->breaker->fallback);
        return true;
}

bool load_routes(struct routes *r, const struct yaml *list, const struct yaml *default_filters,
                 const struct yaml *file, struct error *error)
{
        if (list && list->kind != YAML_LIST)
                return list->kind == YAML_SCALAR && !list->text
                               ? true
                               : yaml_error(list, error, "routes wants a list");
        r->at = arena_alloc(r->arena, length(list) * sizeof *r->at);
        for (const struct yaml *m = list ? list->first : NULL; m; m = m->next) {
                struct route_draft draft = {.default_filters = default_filters, .file = file};

                if (!read_route(r, m, &draft, error))
                        return false;
                route_insert(r, &draft.route);
        }
        share_weights(r);
        for (size_t i = 0; i < r->count; i++)
                if (r->at[i].breaker && r->at[i].breaker->fallback &&
                    !check_fallback(r, &r->at[i], error))
                        return false;
        return true;
}
