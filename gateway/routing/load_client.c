/* load_client - the httpclient settings. */
#include "gateway/routing/load.h"

#include <strings.h>

static bool read_wait(const struct yaml *t, int *into, struct error *error)
{
        int64_t ms;

        if (!value_wait(t, &ms, error))
                return false;
        *into = (int)ms;
        return true;
}

static bool client_connect(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        (void)into;
        return read_wait(t, &r->client.connect_ms, error);
}

static bool client_response(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        (void)into;
        return read_wait(t, &r->client.response_ms, error);
}

static bool client_header_size(struct routes *r, const struct yaml *t, void *into,
                               struct error *error)
{
        int64_t bytes;

        (void)into;
        if (!value_size(t, &bytes, error))
                return false;
        r->client.max_header_bytes = (int)bytes;
        return (bytes >= 1024 && bytes <= 1 << 20) ||
               yaml_error(t, error, "%s must lie between 1KB and 1MB", t->name);
}

static bool pool_idle(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        (void)into;
        return read_wait(t, &r->client.max_idle_ms, error);
}

static bool pool_life(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        (void)into;
        return read_wait(t, &r->client.max_life_ms, error);
}

/* No request waits for a connection here. */
static bool pool_acquire(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        int64_t ms;

        (void)r, (void)into;
        return value_wait(t, &ms, error);
}

static bool pool_connections(struct routes *r, const struct yaml *t, void *into,
                             struct error *error)
{
        int64_t number;

        (void)into;
        if (!value_number(t, 1, 100000, &number, error))
                return false;
        r->client.max_connections = (int)number;
        return true;
}

/* Our pool grows up to max-connections, which fits both of Spring's types. */
static bool pool_type(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        const char *type;

        (void)r, (void)into;
        if (!value_scalar(t, &type, error))
                return false;
        return strcasecmp(type, "elastic") == 0 || strcasecmp(type, "fixed") == 0 ||
               yaml_error(t, error, "the pool type %s is not supported; ELASTIC and FIXED are",
                          type);
}

static bool client_pool(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        static const struct known_member known[] = {
                {"max-idle-time", pool_idle},
                {"max-life-time", pool_life},
                {"max-connections", pool_connections},
                {"acquire-timeout", pool_acquire},
                {"type", pool_type},
                {NULL, NULL},
        };

        return load_members(r, t, known, into, "httpclient.pool", error);
}

bool load_client(struct routes *r, const struct yaml *t, void *into, struct error *error)
{
        static const struct known_member known[] = {
                {"connect-timeout", client_connect},
                {"response-timeout", client_response},
                {"max-header-size", client_header_size},
                {"pool", client_pool},
                {NULL, NULL},
        };

        return load_members(r, t, known, into, "httpclient", error);
}
