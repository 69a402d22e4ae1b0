#include "gateway/routing/filter_kinds.h"

#include "gateway/config/value.h"
#include "gateway/routing/path.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_CALLS = 10000 };

enum { NAME, FALLBACK, STATUSES, ROUTE, RESUME, RATE, WINDOW, MINIMUM, WAIT, PERMITTED, VALUES };

static const struct parameter parameters[] = {
        [NAME] = {"name", OPTIONAL},
        [FALLBACK] = {"fallbackUri", OPTIONAL},
        [STATUSES] = {"statusCodes", LIST},
        [ROUTE] = {"routeId", OPTIONAL},
        [RESUME] = {"resumeWithoutError", OPTIONAL},
        [RATE] = {"failureRateThreshold", OPTIONAL},
        [WINDOW] = {"slidingWindowSize", OPTIONAL},
        [MINIMUM] = {"minimumNumberOfCalls", OPTIONAL},
        [WAIT] = {"waitDurationInOpenState", OPTIONAL},
        [PERMITTED] = {"permittedNumberOfCallsInHalfOpenState", OPTIONAL},
        [VALUES] = {NULL},
};

static bool read_percent(const struct yaml *t, double *percent, struct error *error)
{
        const char *text;
        char *end;

        if (!value_scalar(t, &text, error))
                return false;
        *percent = strtod(text, &end);
        return (end > text && !*end && *percent > 0 && *percent <= 100) ||
               yaml_error(t, error, "%s wants a percentage above 0, up to 100, not %s", t->name,
                          text);
}

static bool read_count(const struct yaml *t, int *count, struct error *error)
{
        int64_t number;

        if (!value_number(t, 1, MOST_CALLS, &number, error))
                return false;
        *count = (int)number;
        return true;
}

static bool read_setting(int which, const struct yaml *t, struct breaker_config *config,
                         struct error *error)
{
        switch (which) {
        case RATE:
                return read_percent(t, &config->failure_rate, error);
        case WINDOW:
                return read_count(t, &config->window, error);
        case MINIMUM:
                return read_count(t, &config->minimum, error);
        case WAIT:
                return value_wait(t, &config->wait_ms, error);
        default:
                return read_count(t, &config->permitted, error);
        }
}

/* Reads the breaker's settings from the map; NULL: there are none. */
static bool read_map(const struct yaml *map, struct breaker_config *config, struct error *error)
{
        for (int i = RATE; i < VALUES; i++) {
                const struct yaml *t = yaml_member(map, parameters[i].name);

                if (t && !read_setting(i, t, config, error))
                        return false;
        }
        return true;
}

/* resilience4j.circuitbreaker: the instance of that name wins over its baseConfig, that over the
   default config. */
static bool read_resilience(const struct yaml *file, const char *name,
                            struct breaker_config *config, struct error *error)
{
        const struct yaml *all = yaml_at(file, "resilience4j.circuitbreaker"),
                          *configs = yaml_member(all, "configs");
        const struct yaml *instance = yaml_member(yaml_member(all, "instances"), name);
        const struct yaml *base = yaml_member(instance, "base-config");

        return read_map(yaml_member(configs, "default"), config, error) &&
               read_map(base && base->text ? yaml_member(configs, base->text) : NULL, config,
                        error) &&
               read_map(instance, config, error);
}

static bool read_config(const struct filter_place *place, const struct filter *f,
                        const char **values, const char *name, struct breaker_config *config,
                        struct error *error)
{
        *config = breaker_defaults;
        if (!read_resilience(place->file, name, config, error) ||
            !read_map(place->route->metadata, config, error))
                return false;
        for (int i = RATE; i < VALUES; i++) {
                struct yaml t = definition_scalar(&f->definition, parameters[i].name, values[i]);

                if (values[i] && !read_setting(i, &t, config, error))
                        return false;
        }
        return true;
}

/* Finds or opens the breaker of that name, which all routes share. */
static bool share(const struct filter_place *place, const struct filter *f, const char *name,
                  const struct breaker_config *config, struct breaker **state, struct error *error)
{
        struct shared_breaker *s = place->routes->breakers;

        while (s && strcmp(s->name, name) != 0)
                s = s->next;
        if (!s) {
                s = arena_alloc(place->routes->arena, sizeof *s);
                *s = (struct shared_breaker){name, breaker_open(config), place->routes->breakers};
                place->routes->breakers = s;
        }
        *state = s->state;
        return breaker_config_is_same(breaker_config(s->state), config) ||
               yaml_error(f->definition.at, error,
                          "CircuitBreaker %s is set up differently by another route", name);
}

/* "forward:/path". Whether a route takes the path is checked when all routes are read. */
static bool read_fallback(struct arena *arena, const struct filter *f, const char *uri,
                          const char **path, struct error *error)
{
        const char *why;

        if (!uri)
                return true;
        *path = uri + strlen("forward:");
        if (strncmp(uri, "forward:/", strlen("forward:/")) != 0 || strpbrk(uri, "{}") ||
            path_check(arena, *path, &why))
                return yaml_error(
                        f->definition.at, error,
                        "CircuitBreaker: the fallbackUri %s is not of the form forward:/path", uri);
        return true;
}

static bool breaker_read(const struct filter_place *place, struct filter *f, struct error *error)
{
        struct arena *arena = place->routes->arena;
        struct route_breaker *breaker = arena_alloc(arena, sizeof *breaker);
        struct breaker_config config;
        const char *values[VALUES];
        struct yaml resume;
        bool resumes = false;

        if (!filter_values(place, f, parameters, values, error) ||
            !filter_is_first(place, f, error))
                return false;
        resume = definition_scalar(&f->definition, "resumeWithoutError", values[RESUME]);
        if (values[RESUME] && !value_bool(&resume, &resumes, error))
                return false;
        if (resumes)
                return yaml_error(f->definition.at, error,
                                  "CircuitBreaker: resumeWithoutError is not supported");
        breaker->name = values[NAME] && *values[NAME] ? values[NAME] : place->route->id;
        f->value = values[FALLBACK];
        f->name = breaker->name;
        f->config = place->route->breaker = breaker;
        return filter_statuses(f, filter_items(place, f, values[STATUSES], ""), &breaker->bad,
                               error) &&
               read_fallback(arena, f, values[FALLBACK], &breaker->fallback, error) &&
               read_config(place, f, values, breaker->name, &config, error) &&
               share(place, f, breaker->name, &config, &breaker->state, error);
}

/* Spring shows the name of its class here, unlike for other filters. */
static void breaker_show(const struct filter *f, struct text *out)
{
        text_printf(out,
                    "SpringCloudCircuitBreakerResilience4JFilterFactory name = '%s', fallback = %s",
                    f->name, f->value ? f->value : "[null]");
}

const struct filter_kind filter_breaker_kinds[] = {
        {"CircuitBreaker", breaker_read, NULL, NULL, breaker_show},
        {NULL, NULL, NULL, NULL, NULL},
};
