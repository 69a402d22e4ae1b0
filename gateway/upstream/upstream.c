#include "gateway/upstream/upstream.h"

#include "gateway/upstream/upstream_inside.h"

#include <stdlib.h>
#include <string.h>

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
                .max_head = head && head < READ_BUFFER_MOST_HEAD ? head : READ_BUFFER_MOST_HEAD,
        };
        u->limits = (struct response_limits){.head = u->config.max_head,
                                             .fields = READ_BUFFER_FIELDS,
                                             .trailers = 8192,
                                             .extension = 256};
        TAILQ_INIT(&u->busy);
        u->loop = loop;
        u->dialer = dialer_open(loop);
        u->random = prng_open((uint64_t)(uintptr_t)u ^ (uint64_t)loop_now_us(loop));
        return u;
}

void upstreams_close(struct upstreams **at)
{
        struct upstreams *u = *at;

        if (!u)
                return;
        *at = NULL;
        pools_close(u);
        dialer_close(&u->dialer);
        free(u);
}

void upstream_release(struct upstream_request *x, bool keep)
{
        struct upstream_connection *l = x->connection;

        x->over = true;
        x->connection = NULL;
        x->piece_len = 0; /* it lay in what goes back with the connection */
        loop_timer_clear(x->upstreams->loop, &x->timer);
        if (l)
                upstream_connection_release(l, keep);
}

/* Behind the head it is upstream_read's to say. */
void upstream_fail(struct upstream_request *x, enum upstream_outcome outcome, const char *reason)
{
        /* that a kept connection was closed meanwhile says nothing about the server */
        if (x->connection && (!x->connection->reused || outcome == UPSTREAM_SLOW))
                endpoint_failed(x->connection->endpoint);
        upstream_release(x, false);
        x->outcome = outcome;
        x->reason = arena_string(x->arena, reason);
        if (!x->headed)
                x->done(x);
        else if (x->wants_read || x->wants_write)
                x->ready(x);
}

static void timer_due(struct timer *timer)
{
        struct upstream_request *x =
                (struct upstream_request *)((char *)timer -
                                            offsetof(struct upstream_request, timer));

        upstream_fail(x, UPSTREAM_SLOW,
                      x->headed ? "no more of its answer came in time" : "no answer in time");
}

void upstream_wait(struct upstream_request *x)
{
        x->timer.due = timer_due;
        if (x->response_ms > 0 && !(x->headed && x->endless))
                loop_timer(x->upstreams->loop, &x->timer, x->response_ms * 1000LL);
}

void upstream_cancel(struct upstream_request *x)
{
        receive_forget(x);
        if (x->over)
                return;
        if (x->dial)
                dial_cancel(x->dial);
        x->dial = NULL;
        upstream_release(x, false);
}

void upstream_proceed(struct upstream_request *x)
{
        if (x->out_len && x->connection->writable)
                send_more(x);
        if (x->over)
                return;
        if (!x->headed)
                receive_head(x);
        else if (x->wants_read && x->connection->readable)
                x->ready(x);
}

void upstream_connection_ready(struct watch *watch, unsigned events)
{
        struct upstream_connection *l = (struct upstream_connection *)watch;

        l->writable |= (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0;
        l->hung_up |= (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        l->readable |= (events & EPOLLIN) != 0 || l->hung_up;
        if (l->request)
                upstream_proceed(l->request);
        else if (l->readable)
                upstream_connection_drop(l); /* it closes, or speaks unasked */
}

static void begin(struct upstream_request *x, struct upstream_connection *l)
{
        x->connection = l;
        l->request = x;
        send_first(x);
        upstream_proceed(x);
}

static void dialled(struct dial *dial)
{
        struct upstream_request *x = dial->arg;

        x->dial = NULL;
        if (dial->fd >= 0)
                begin(x, upstream_connection_open(pool_of(x->upstreams, x->host, x->port), dial->fd,
                                                  dial->endpoint));
        else
                upstream_fail(x, UPSTREAM_REFUSED, dial->reason);
}

static void dial_for(struct upstream_request *x)
{
        struct dial *dial = arena_alloc(x->arena, sizeof *dial);

        *dial = (struct dial){.host = x->host,
                              .port = x->port,
                              .connect_ms = x->connect_ms,
                              .done = dialled,
                              .arg = x};
        x->dial = dial;
        dial_start(x->upstreams->dialer, dial);
}

void upstream_start(struct upstreams *u, struct upstream_request *x)
{
        struct upstream_connection *kept;

        receive_forget(x); /* of an earlier try */
        x->upstreams = u;
        x->connection = NULL;
        x->dial = NULL;
        x->outcome = UPSTREAM_BROKEN;
        x->over = x->headed = x->reached = x->begun = x->endless = x->wants_read = x->wants_write =
                x->deaf = false; /* not `ending`: a body that is all here stays so */
        x->piece_len = x->out_len = x->whole_len = 0;
        x->reason = x->whole = x->gathered = NULL;
        x->timer = (struct timer){0};
        if (!send_is_sound(x)) {
                upstream_fail(x, UPSTREAM_BROKEN, "a line break in a header field");
                return;
        }
        kept = pool_take(pool_of(u, x->host, x->port), x->careful);
        if (kept)
                begin(x, kept);
        else
                dial_for(x);
}
