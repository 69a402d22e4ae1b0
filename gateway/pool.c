/* The connections that are kept for one host and port, and the desks that answers are read on. */
#include "gateway/upstream_inside.h"

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

static void desk_return(struct link *l)
{
        struct upstreams *u = l->pool->upstreams;

        if (!l->desk)
                return;
        if (u->desk_count < MAX_DESKS) {
                l->desk->next = u->desks;
                u->desks = l->desk;
                u->desk_count++;
        } else {
                free(l->desk);
        }
        l->desk = NULL;
}

void desk_take(struct link *l, bool is_head)
{
        struct upstreams *u = l->pool->upstreams;
        struct desk *d = u->desks;

        if (d) {
                u->desks = d->next;
                u->desk_count--;
        } else {
                d = malloc(sizeof *d);
                if (!d)
                        abort();
        }
        d->start = d->end = 0;
        reply_begin(&d->reply, &u->limits, d->fields, is_head);
        l->desk = d;
}

static void link_close(struct link *l)
{
        loop_forget(l->pool->upstreams->loop, &l->watch);
        close(l->watch.fd);
        free(l);
}

static void idle_put(struct pool *p, struct link *l)
{
        TAILQ_INSERT_HEAD(&p->idle, l, beside);
        p->idle_count++;
}

static void idle_take(struct pool *p, struct link *l)
{
        TAILQ_REMOVE(&p->idle, l, beside);
        p->idle_count--;
}

void link_drop(struct link *l)
{
        idle_take(l->pool, l);
        link_close(l);
}

/* xorshift64 (Marsaglia 2003): spreads lifetimes, keeps no secret. */
static uint64_t draw(struct upstreams *u)
{
        u->seed ^= u->seed << 13;
        u->seed ^= u->seed >> 7;
        u->seed ^= u->seed << 17;
        return u->seed;
}

/* Ends earlier or later by a fifth, lest all that were made in one second are made anew in one second. */
static int64_t end_of_life(struct upstreams *u)
{
        int64_t life = u->config.max_life_ms * 1000LL;

        return loop_now_us(u->loop) + life * 4 / 5 + (int64_t)(draw(u) % (uint64_t)(life * 2 / 5 + 1));
}

struct link *link_open(struct pool *pool, int fd, struct place *place)
{
        struct upstreams *u = pool->upstreams;
        struct link *l = memory_alloc(sizeof *l);

        *l = (struct link){
                .watch = {link_ready, fd}, .pool = pool, .place = place, .until_us = end_of_life(u), .writable = true,
        };
        TAILQ_INSERT_HEAD(&u->busy, l, beside);
        loop_watch(u->loop, &l->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
        return l;
}

struct link *pool_take(struct pool *p, bool careful)
{
        int64_t now = loop_now_us(p->upstreams->loop);
        struct link *l;

        while ((l = TAILQ_FIRST(&p->idle))) {
                if (now < l->until_us && now - l->idle_us < p->upstreams->config.max_idle_ms * 1000LL && !place_is_avoided(l->place) &&
                    (!careful || link_is_fresh(l))) {
                        idle_take(p, l);
                        TAILQ_INSERT_HEAD(&p->upstreams->busy, l, beside);
                        l->reused = true;
                        return l;
                }
                link_drop(l);
        }
        return NULL;
}

/* The one that was used longest ago, if it is too old or one too many. */
static void prune(struct pool *p)
{
        int64_t now = loop_now_us(p->upstreams->loop);
        struct link *last = TAILQ_LAST(&p->idle, links);

        if (last && (p->idle_count > p->upstreams->config.max_idle_connections ||
                     now - last->idle_us >= p->upstreams->config.max_idle_ms * 1000LL))
                link_drop(last);
}

void link_release(struct link *l, bool keep)
{
        struct upstreams *u = l->pool->upstreams;
        int64_t now = loop_now_us(u->loop);

        l->exchange = NULL;
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
        struct link *l;

        while ((l = TAILQ_FIRST(&u->busy))) {
                if (l->exchange)
                        l->exchange->link = NULL;
                link_release(l, false);
        }
        for (struct pool *p = u->pools, *next; p; p = next) {
                next = p->next;
                while ((l = TAILQ_FIRST(&p->idle)))
                        link_drop(l);
                free(p->host);
                free(p);
        }
        for (struct desk *d = u->desks, *next; d; d = next) {
                next = d->next;
                free(d);
        }
}
