#include "gateway/routing/filter_kinds.h"

#include "gateway/config/value.h"

#include <string.h>

enum { MOST_TOKENS = 1000000000 };

enum { REPLENISH, BURST, REQUESTED, KEY, LIMITER, DENY, EMPTY_STATUS, STATUS, ROUTE, VALUES };

/* The usual names of key resolver beans in Spring applications, and a short one of ours. */
static const struct {
        const char *name;
        enum limiter_key key;
} keys[] = {
        {"#{@principalNameKeyResolver}", KEY_NONE}, {"client-address", KEY_CLIENT},
        {"#{@remoteAddrKeyResolver}", KEY_CLIENT},  {"#{@remoteAddressKeyResolver}", KEY_CLIENT},
        {"#{@ipKeyResolver}", KEY_CLIENT},          {"#{@ipAddressKeyResolver}", KEY_CLIENT},
        {"#{@hostAddrKeyResolver}", KEY_CLIENT},    {"#{@clientAddressKeyResolver}", KEY_CLIENT},
};

static bool read_key(const struct filter_place *place, const struct filter *f, const char *text,
                     struct route_limiter *limiter, struct error *error)
{
        if (text && strncmp(text, "header:", 7) == 0 && text[7]) {
                limiter->key = KEY_HEADER;
                limiter->header = text + 7;
                return true;
        }
        limiter->key = KEY_NONE;
        for (size_t i = 0; text && i < sizeof keys / sizeof *keys; i++)
                if (strcmp(keys[i].name, text) == 0) {
                        limiter->key = keys[i].key;
                        text = NULL;
                        break;
                }
        if (text)
                return yaml_error(f->definition.at, error,
                                  "the key-resolver %s is not known; these are: client-address, "
                                  "#{@ipKeyResolver}, #{@remoteAddrKeyResolver}, header:NAME",
                                  text);
        if (limiter->key == KEY_NONE)
                routes_warn(place->routes, f->definition.at,
                            "RequestRateLimiter: there are no principals here, so that all clients "
                            "share one bucket; see key-resolver");
        return true;
}

static bool read_tokens(const struct filter *f, const char *name, const char *text, int64_t *number,
                        struct error *error)
{
        struct yaml t = definition_scalar(&f->definition, name, text);

        return !text || value_number(&t, 1, MOST_TOKENS, number, error);
}

static bool read_bucket(const struct filter *f, const char **values, struct limiter_config *config,
                        struct error *error)
{
        *config = (struct limiter_config){.replenish = 1, .burst = 1, .requested = 1};
        if (!read_tokens(f, "replenishRate", values[REPLENISH], &config->replenish, error) ||
            !read_tokens(f, "burstCapacity", values[BURST], &config->burst, error) ||
            !read_tokens(f, "requestedTokens", values[REQUESTED], &config->requested, error))
                return false;
        return config->requested <= config->burst ||
               yaml_error(f->definition.at, error,
                          "RequestRateLimiter: burstCapacity %lld is less than requestedTokens "
                          "%lld: nothing "
                          "would ever pass",
                          (long long)config->burst, (long long)config->requested);
}

static bool read_status(const struct filter *f, const char *text, int *status, struct error *error)
{
        if (text)
                *status = status_read(text);
        return *status >= 400 ||
               yaml_error(f->definition.at, error,
                          "RequestRateLimiter: %s is not a status from 400 to 599", text);
}

static bool read_answers(const struct filter *f, const char **values, struct route_limiter *limiter,
                         struct error *error)
{
        struct yaml deny = definition_scalar(&f->definition, "denyEmptyKey", values[DENY]);

        limiter->deny_empty = true;
        limiter->status = 429;
        limiter->empty_status = 403;
        if (values[LIMITER] && strcmp(values[LIMITER], "#{@redisRateLimiter}") != 0)
                return yaml_error(f->definition.at, error, "the rate-limiter %s is not known",
                                  values[LIMITER]);
        return (!values[DENY] || value_bool(&deny, &limiter->deny_empty, error)) &&
               read_status(f, values[STATUS], &limiter->status, error) &&
               read_status(f, values[EMPTY_STATUS], &limiter->empty_status, error);
}

static bool limiter_read(const struct filter_place *place, struct filter *f, struct error *error)
{
        static const struct parameter parameters[] = {
                [REPLENISH] = {"redis-rate-limiter.replenishRate", REQUIRED},
                [BURST] = {"redis-rate-limiter.burstCapacity", OPTIONAL},
                [REQUESTED] = {"redis-rate-limiter.requestedTokens", OPTIONAL},
                [KEY] = {"keyResolver", OPTIONAL},
                [LIMITER] = {"rateLimiter", OPTIONAL},
                [DENY] = {"denyEmptyKey", OPTIONAL},
                [EMPTY_STATUS] = {"emptyKeyStatus", OPTIONAL},
                [STATUS] = {"statusCode", OPTIONAL},
                [ROUTE] = {"routeId", OPTIONAL},
                [VALUES] = {NULL},
        };
        struct route_limiter *limiter = arena_alloc(place->routes->arena, sizeof *limiter);
        struct limiter_config config;
        const char *values[VALUES];

        if (!filter_values(place, f, parameters, values, error) ||
            !filter_is_first(place, f, error) || !read_bucket(f, values, &config, error) ||
            !read_answers(f, values, limiter, error) ||
            !read_key(place, f, values[KEY], limiter, error))
                return false;
        limiter->state = limiter_open(&config);
        limiter->next = place->routes->limiters;
        place->routes->limiters = limiter;
        place->route->limiter = limiter;
        f->value = arena_printf(place->routes->arena,
                                "replenishRate = %lld, burstCapacity = %lld, requestedTokens = "
                                "%lld, keyResolver = '%s'",
                                (long long)config.replenish, (long long)config.burst,
                                (long long)config.requested, values[KEY] ? values[KEY] : "");
        return true;
}

/* Spring shows the name of a lambda, which tells nothing: we show the settings. */
static void limiter_show(const struct filter *f, struct text *out)
{
        text_printf(out, "RequestRateLimiter %s", f->value);
}

const struct filter_kind filter_limiter_kinds[] = {
        {"RequestRateLimiter", limiter_read, NULL, NULL, limiter_show},
        {NULL, NULL, NULL, NULL, NULL},
};
