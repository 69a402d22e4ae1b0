/* The connections that are kept for one host and port, and the buffers that answers are read on. */
#include "gateway/upstream/upstream_inside.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_DESKS = 64 }; /* kept when nobody needs them */

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
        TAILQ_INIT(&p->idle);
        p->next = u->pools;
        return u->pools = p;
}

static void desk_return(struct upstream_connection *l)
{
        struct upstreams *u = l->pool->upstreams;

        if (!l->buffer)
                return;
        if (u->buffer_count < MAX_DESKS) {
                l->buffer->next = u->buffers;
                u->buffers = l->buffer;
                u->buffer_count++;
        } else {
                free(l->buffer);
        }
        l->buffer = NULL;
}

void read_buffer_take(struct upstream_connection *l, bool is_head)
{
        struct upstreams *u = l->pool->upstreams;
        struct read_buffer *d = u->buffers;

        if (d) {
                u->buffers = d->next;
                u->buffer_count--;
        } else {
                d = malloc(sizeof *d);
                if (!d)
                        abort();
        }
        d->start = d->end = 0;
        response_parser_begin(&d->parser, &u->limits, d->fields, is_head);
        l->buffer = d;
}

static void link_close(struct upstream_connection *l)
{
        loop_forget(l->pool->upstreams->loop, &l->watch);
        close(l->watch.fd);
        free(l);
}

static void idle_put(struct pool *p, struct upstream_connection *l)
{
        TAILQ_INSERT_HEAD(&p->idle, l, beside);
        p->idle_count++;
}

static void idle_take(struct pool *p, struct upstream_connection *l)
{
        TAILQ_REMOVE(&p->idle, l, beside);
        p->idle_count--;
}

void upstream_connection_drop(struct upstream_connection *l)
{
        idle_take(l->pool, l);
        link_close(l);
}

/* Ends earlier or later by a fifth, lest all that were made in one second are made anew in one
   second. */
static int64_t end_of_life(struct upstreams *u)
{
        int64_t life = u->config.max_life_ms * 1000LL;

        return loop_now_us(u->loop) + life * 4 / 5 +
               (int64_t)(prng_draw(&u->random) % (uint64_t)(life * 2 / 5 + 1));
}

struct upstream_connection *upstream_connection_open(struct pool *pool, int fd,
                                                     struct endpoint *endpoint)
{
        struct upstreams *u = pool->upstreams;
        struct upstream_connection *l = memory_alloc(sizeof *l);

        *l = (struct upstream_connection){
                .watch = {upstream_connection_ready, fd},
                .pool = pool,
                .endpoint = endpoint,
                .until_us = end_of_life(u),
                .writable = true,
        };
        TAILQ_INSERT_HEAD(&u->busy, l, beside);
        loop_watch(u->loop, &l->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
        return l;
}

struct upstream_connection *pool_take(struct pool *p, bool careful)
{
        int64_t now = loop_now_us(p->upstreams->loop);
        struct upstream_connection *l;

        while ((l = TAILQ_FIRST(&p->idle))) {
                if (now < l->until_us &&
                    now - l->idle_us < p->upstreams->config.max_idle_ms * 1000LL &&
                    !endpoint_is_avoided(l->endpoint) &&
                    (!careful || upstream_connection_is_fresh(l))) {
                        idle_take(p, l);
                        TAILQ_INSERT_HEAD(&p->upstreams->busy, l, beside);
                        l->reused = true;
                        return l;
                }
                upstream_connection_drop(l);
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

void upstream_connection_release(struct upstream_connection *l, bool keep)
{
        struct upstreams *u = l->pool->upstreams;
        int64_t now = loop_now_us(u->loop);

        l->request = NULL;
        TAILQ_REMOVE(&u->busy, l, beside);
        desk_return(l);
        if (!keep || l->hung_up || l->readable || now >= l->until_us) {
                link_close(l);
                return;
        }
        l->idle_us = now;
        idle_put(l->pool, l);
        prune(l->pool);
}

void pools_close(struct upstreams *u)
{
        struct upstream_connection *l;

        while ((l = TAILQ_FIRST(&u->busy))) {
                if (l->request)
                        l->request->connection = NULL;
                upstream_connection_release(l, false);
        }
        for (struct pool *p = u->pools, *next; p; p = next) {
                next = p->next;
                while ((l = TAILQ_FIRST(&p->idle)))
                        upstream_connection_drop(l);
                free(p->host);
                free(p);
        }
        for (struct read_buffer *d = u->buffers, *next; d; d = next) {
                next = d->next;
                free(d);
        }
}
