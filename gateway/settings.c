#include "gateway/settings.h"

#include <stdarg.h>
#include <string.h>

/* What waits until all of spring.cloud.gateway is known. */
struct reading {
        const struct tree *routes, *default_filters;
};

void settings_warn(struct routes *r, const struct tree *at, const char *format, ...)
{
        const char *warning;
        va_list args;

        va_start(args, format);
        warning = arena_printf(r->arena, "%s:%d: %s", at->file, at->line, arena_vprintf(r->arena, format, args));
        va_end(args);
        for (size_t i = 0; i < r->warning_count; i++)
                if (strcmp(r->warnings[i], warning) == 0)
                        return;
        tree_add_text(r->arena, &r->warnings, &r->warning_count, warning);
}

static bool gateway_routes(struct routes *r, const struct tree *t, void *into, struct error *error)
{
        (void)r, (void)error;
        ((struct reading *)into)->routes = t;
        return true;
}

static bool gateway_default_filters(struct routes *r, const struct tree *t, void *into, struct error *error)
{
        (void)r, (void)error;
        ((struct reading *)into)->default_filters = t;
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

static const struct field gateway_fields[] = {
        { "routes", gateway_routes },      { "default-filters", gateway_default_filters }, { "globalcors", settings_cors },
        { "httpclient", settings_client }, { "enabled", gateway_enabled },                 { "metrics", gateway_always },
        { "actuator", gateway_always },    { NULL, NULL },
};

bool settings_read(struct routes *r, const struct tree *file, struct error *error)
{
        const struct tree *gateway = tree_at(file, "spring.cloud.gateway");
        struct reading reading = {.routes = NULL};

        return !gateway || (fields_read(r, gateway, gateway_fields, &reading, "spring.cloud.gateway", error) &&
                            settings_routes(r, reading.routes, reading.default_filters, file, error));
}

bool settings_read_port(struct routes *r, const struct tree *port, struct error *error)
{
        int64_t number = 0;

        if (port && !field_number(port, 0, 65535, &number, error))
                return false;
        r->port = (int)number;
        return true;
}
