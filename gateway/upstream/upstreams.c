/* What one worker's thread keeps of all upstreams. */
#include "gateway/upstream/upstream_inside.h"

#include <stdlib.h>

enum {
        MAX_IDLE_MS = 20000, /* below what servers keep: Tomcat 20 s, ours 75 s */
        MAX_LIFE_MS = 60000,
        MAX_IDLE_CONNECTIONS = 1000,
};

static int or_else(int a, int b)
{
        return a > 0 ? a : b;
}

struct upstreams *upstreams_open(const struct upstreams_config *config, struct loop *loop)
{
        struct upstreams *u = memory_alloc(sizeof *u);
        size_t head = config->max_head;

        u->config = (struct upstreams_config){
                .max_idle_ms = or_else(config->max_idle_ms, MAX_IDLE_MS),
                .max_life_ms = or_else(config->max_life_ms, MAX_LIFE_MS),
                .max_idle_connections = or_else(config->max_idle_connections, MAX_IDLE_CONNECTIONS),
                .meters = config->meters,
                .max_head = head && head < READ_BUFFER_MOST_HEAD ? head : READ_BUFFER_MOST_HEAD,
        };
        u->limits = (struct response_limits){.head = u->config.max_head,
                                             .fields = READ_BUFFER_FIELDS,
                                             .trailers = 8192,
                                             .extension = 256};
        TAILQ_INIT(&u->busy);
        u->loop = loop;
        u->dialer = dialer_open(loop);
        u->random = prng_open_random();
        return u;
}

void upstreams_close(struct upstreams **at)
{
        struct upstreams *u = *at;
        struct upstream_connection *c;

        if (!u)
                return;
        *at = NULL;
        while ((c = TAILQ_FIRST(&u->busy)))
                upstream_cancel(c->attempt->request);
        pools_close(u);
        dialer_close(&u->dialer);
        free(u);
}
