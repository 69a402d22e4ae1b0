#include "gateway/routing/load.h"

#include <stdarg.h>
#include <string.h>

/* What waits until all of spring.cloud.gateway is known. */
struct reading {
        const struct yaml *routes, *default_filters;
};

void load_warn(struct routes *r, const struct yaml *at, const char *format, ...)
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

static bool gateway_routes(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        (void)r, (void)error;
        ((struct reading *)into)->routes = t;
        return true;
}

static bool gateway_default_filters(struct routes *r, const struct yaml *t, void *into,
                                    struct error *error)
{
        (void)r, (void)error;
        ((struct reading *)into)->default_filters = t;
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

/* What only switches on what is always on here. */
static bool gateway_always(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        (void)r, (void)t, (void)into, (void)error;
        return true;
}

static const struct known_member gateway_fields[] = {
        {"routes", gateway_routes},   {"default-filters", gateway_default_filters},
        {"globalcors", load_cors},    {"httpclient", load_client},
        {"enabled", gateway_enabled}, {"metrics", gateway_always},
        {"actuator", gateway_always}, {NULL, NULL},
};

bool load_gateway(struct routes *r, const struct yaml *file, struct error *error)
{
        const struct yaml *gateway = yaml_at(file, "spring.cloud.gateway");
        struct reading reading = {.routes = NULL};

        return !gateway ||
               (members_read(r, gateway, gateway_fields, &reading, "spring.cloud.gateway", error) &&
                load_routes(r, reading.routes, reading.default_filters, file, error));
}

bool load_port(struct routes *r, const struct yaml *port, struct error *error)
{
        int64_t number = 0;

        if (port && !value_number(port, 0, 65535, &number, error))
                return false;
        r->port = (int)number;
        return true;
}
