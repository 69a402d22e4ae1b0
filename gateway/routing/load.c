#include "gateway/routing/load.h"

/* Lists that are read after all other members of spring.cloud.gateway. */
struct gateway_lists {
        const struct yaml *routes, *default_filters;
};

bool load_members(struct routes *r, const struct yaml *map, const struct known_member *known,
                  void *into, const char *where, struct error *error)
{
        if (map->kind != YAML_MAP)
                return map->kind == YAML_SCALAR && !map->text
                               ? true
                               : yaml_error(map, error, "%s wants a map", where);
        for (const struct yaml *m = map->first; m; m = m->next) {
                const struct known_member *k = known;

                while (k->name && !yaml_is_named(m, k->name))
                        k++;
                if (!k->name)
                        return yaml_error(m, error, "%s is not known under %s", m->name, where);
                if (!k->read(r, m, into, error))
                        return false;
        }
        return true;
}

static bool gateway_routes(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        (void)r, (void)error;
        ((struct gateway_lists *)into)->routes = t;
        return true;
}

static bool gateway_default_filters(struct routes *r, const struct yaml *t, void *into,
                                    struct error *error)
{
        (void)r, (void)error;
        ((struct gateway_lists *)into)->default_filters = t;
        return true;
}

static bool gateway_enabled(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        bool enabled;

        (void)r, (void)into;
        if (!value_bool(t, &enabled, error))
                return false;
        return enabled ||
               yaml_error(t, error, "enabled can only be true: this is nothing but a gateway");
}

/* Members that switch on what is always on here. */
static bool gateway_always(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        (void)r, (void)t, (void)into, (void)error;
        return true;
}

static const struct known_member gateway_members[] = {
        {"routes", gateway_routes},   {"default-filters", gateway_default_filters},
        {"globalcors", load_cors},    {"httpclient", load_client},
        {"enabled", gateway_enabled}, {"metrics", gateway_always},
        {"actuator", gateway_always}, {NULL, NULL},
};

bool load_gateway(struct routes *r, const struct yaml *file, struct error *error)
{
        const struct yaml *gateway = yaml_at(file, "spring.cloud.gateway");
        struct gateway_lists lists = {.routes = NULL};

        return !gateway ||
               (load_members(r, gateway, gateway_members, &lists, "spring.cloud.gateway", error) &&
                load_routes(r, lists.routes, lists.default_filters, file, error));
}

bool load_port(struct routes *r, const struct yaml *port, struct error *error)
{
        int64_t number = 0;

        if (port && !value_number(port, 0, 65535, &number, error))
                return false;
        r->port = (int)number;
        return true;
}
