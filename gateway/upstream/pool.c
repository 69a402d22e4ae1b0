/* The connections that are kept for one host and port, and the buffers that answers are read into.
 */
#include "gateway/upstream/upstream_inside.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_BUFFERS = 64 }; /* free ones that are kept */

struct pool *pool_of(struct upstreams *u, const char *host, int port)
{
        struct pool *p;

        for (p = u->pools; p; p = p->next)
                if (p->port == port && strcmp(p->host, host) == 0)
                        return p;
        p = memory_alloc(sizeof *p);
        p->upstreams = u;
        p->host = memory_string(host);
        p->port = port;
        p->meter = upstream_meter_of(u->config.meters, host, port);
        TAILQ_INIT(&p->idle);
        p->next = u->pools;
        return u->pools = p;
}

static void read_buffer_return(struct upstream_connection *c)
{
        struct upstreams *u = c->pool->upstreams;

        if (!c->buffer)
                return;
        if (u->buffer_count < MAX_BUFFERS) {
                c->buffer->next = u->buffers;
                u->buffers = c->buffer;
                u->buffer_count++;
        } else {
                free(c->buffer);
        }
        c->buffer = NULL;
}

void read_buffer_take(struct upstream_connection *c, bool is_head)
{
        struct upstreams *u = c->pool->upstreams;
        struct read_buffer *b = u->buffers;

        if (b) {
                u->buffers = b->next;
                u->buffer_count--;
        } else {
                b = malloc(sizeof *b);
                if (!b)
                        abort();
        }
        b->start = b->end = 0;
        response_parser_begin(&b->parser, &u->limits, b->fields, is_head);
        c->buffer = b;
}

static void connection_close(struct upstream_connection *c)
{
        loop_forget(c->pool->upstreams->loop, &c->watch);
        close(c->watch.fd);
        free(c);
}

static void count_busy(const struct pool *p, int more)
{
        if (p->meter)
                metric_add(p->meter->busy, more);
}

static void count_idle(struct pool *p, int more)
{
        p->idle_count += more;
        if (p->meter)
                metric_add(p->meter->idle, more);
}

static void idle_put(struct pool *p, struct upstream_connection *c)
{
        TAILQ_INSERT_HEAD(&p->idle, c, beside);
        count_idle(p, 1);
}

static void idle_take(struct pool *p, struct upstream_connection *c)
{
        TAILQ_REMOVE(&p->idle, c, beside);
        count_idle(p, -1);
}

void upstream_connection_drop(struct upstream_connection *c)
{
        idle_take(c->pool, c);
        connection_close(c);
}

/* A fifth more or less: connections that were made in the same second do not all end in one. */
static int64_t end_of_life(struct upstreams *u)
{
        int64_t life = u->config.max_life_ms * 1000LL;

        return loop_now_us(u->loop) + life * 4 / 5 +
               (int64_t)(prng_draw(&u->random) % (uint64_t)(life * 2 / 5 + 1));
}

struct upstream_connection *upstream_connection_open(struct pool *pool, int fd,
                                                     struct endpoint *endpoint,
                                                     void (*ready)(struct watch *watch,
                                                                   unsigned events))
{
        struct upstreams *u = pool->upstreams;
        struct upstream_connection *c = memory_alloc(sizeof *c);

        *c = (struct upstream_connection){
                .watch = {ready, fd},
                .pool = pool,
                .endpoint = endpoint,
                .until_us = end_of_life(u),
                .writable = true,
        };
        TAILQ_INSERT_HEAD(&u->busy, c, beside);
        count_busy(pool, 1);
        loop_watch(u->loop, &c->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
        return c;
}

struct upstream_connection *pool_take(struct pool *p, bool careful)
{
        int64_t now = loop_now_us(p->upstreams->loop);
        struct upstream_connection *c;

        while ((c = TAILQ_FIRST(&p->idle))) {
                if (now < c->until_us &&
                    now - c->idle_us < p->upstreams->config.max_idle_ms * 1000LL &&
                    !endpoint_is_avoided(c->endpoint) &&
                    (!careful || upstream_connection_is_fresh(c))) {
                        idle_take(p, c);
                        TAILQ_INSERT_HEAD(&p->upstreams->busy, c, beside);
                        count_busy(p, 1);
                        c->reused = true;
                        return c;
                }
                upstream_connection_drop(c);
        }
        return NULL;
}

/* The one that was used longest ago, if it is too old or one too many. */
static void prune(struct pool *p)
{
        int64_t now = loop_now_us(p->upstreams->loop);
        struct upstream_connection *last = TAILQ_LAST(&p->idle, upstream_connections);

        if (last && (p->idle_count > p->upstreams->config.max_idle_connections ||
                     now - last->idle_us >= p->upstreams->config.max_idle_ms * 1000LL))
                upstream_connection_drop(last);
}

void upstream_connection_release(struct upstream_connection *c, bool keep)
{
        struct upstreams *u = c->pool->upstreams;
        int64_t now = loop_now_us(u->loop);

        c->attempt = NULL;
        TAILQ_REMOVE(&u->busy, c, beside);
        count_busy(c->pool, -1);
        read_buffer_return(c);
        if (!keep || c->hung_up || c->readable || now >= c->until_us) {
                connection_close(c);
                return;
        }
        c->idle_us = now;
        idle_put(c->pool, c);
        prune(c->pool);
}

void pools_close(struct upstreams *u)
{
        struct upstream_connection *c;

        for (struct pool *p = u->pools, *next; p; p = next) {
                next = p->next;
                while ((c = TAILQ_FIRST(&p->idle)))
                        upstream_connection_drop(c);
                free(p->host);
                free(p);
        }
        for (struct read_buffer *b = u->buffers, *next; b; b = next) {
                next = b->next;
                free(b);
        }
}
