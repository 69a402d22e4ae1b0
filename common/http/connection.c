#include "http/connection.h"

#include "http/answer.h"
#include "http/deadline.h"
#include "http/exchange.h"
#include "http/injected.h"
#include "http/listener.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { LOOK_AGAIN_US = 10000 };

void connection_enter(struct connection *c, enum phase phase, int ms)
{
        int64_t now = atomic_load_explicit(&c->server->now_ms, memory_order_relaxed);

        atomic_store_explicit(&c->deadline_ms, ms < 0 ? INT64_MAX : now + ms, memory_order_relaxed);
        atomic_store_explicit(&c->phase, phase, memory_order_release);
}

static bool has_unread(const struct connection *c)
{
        int bytes = 0;

        return ioctl(c->fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

/* The client ended its half of the connection. The library first reads the bytes that are there; it
   may have been told of bytes and end at once, and then never learns of the end. So we shut the
   socket down once nothing is unread. A whole request is still answered (exchange_end closes then),
   part of one is not. */
static void end_of_input(struct timer *timer)
{
        struct connection *c = CONTAINER_OF(timer, struct connection, hung_up_timer);
        int phase = atomic_load(&c->phase);

        if (phase == PHASE_BUSY && c->exchange.state == EXCHANGE_STREAMING)
                exchange_gone(&c->exchange);
        else if (phase < PHASE_BUSY && !has_unread(c))
                shutdown(c->fd, SHUT_RDWR);
        else if (phase < PHASE_BUSY)
                loop_timer(c->worker->loop, timer, LOOK_AGAIN_US);
}

static void hung_up(struct watch *watch, unsigned events)
{
        struct connection *c = CONTAINER_OF(watch, struct connection, hangup);

        (void)events;
        if (c->hung_up || atomic_load(&c->overdue)) /* overdue: it was us who shut it */
                return;
        c->hung_up = true;
        if (atomic_load(&c->phase) == PHASE_BUSY && c->server->config.handler.streams &&
            !atomic_load(&c->dismissed))
                exchange_gone(&c->exchange);
        else
                end_of_input(&c->hung_up_timer);
        injected_hurry(&c->exchange);
}

/* Whether its address has too many connections. */
static bool is_one_too_many(struct http_server *s, const struct connection *c)
{
        int count = 0;

        if (!s->config.max_client_connections)
                return false;
        pthread_mutex_lock(&s->lock);
        for (const struct connection *other = LIST_FIRST(&s->connections); other;
             other = LIST_NEXT(other, beside))
                count += strcmp(other->peer, c->peer) == 0;
        pthread_mutex_unlock(&s->lock);
        return count > s->config.max_client_connections;
}

static struct connection *connection_open(struct http_worker *w, struct MHD_Connection *mhd)
{
        struct http_server *s = w->server;
        const struct sockaddr *peer =
                MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
        struct connection *c = memory_alloc(sizeof *c);

        c->server = s;
        c->worker = w;
        c->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        c->holders = 1;
        c->arena = arena_open_within(s->config.memory);
        peer_text(peer, c->peer);
        c->peer_trusted = trusted_proxies_trust(s->proxies, peer);
        connection_enter(c, PHASE_FRESH, s->config.header_ms);
        pthread_mutex_lock(&s->lock);
        LIST_INSERT_HEAD(&s->connections, c, beside);
        pthread_mutex_unlock(&s->lock);
        c->hung_up_timer.due = end_of_input;
        c->hangup = (struct watch){.ready = hung_up, .fd = c->fd};
        loop_watch(w->loop, &c->hangup, EPOLLRDHUP | EPOLLET);
        if (is_one_too_many(s, c))
                shutdown(c->fd, SHUT_RDWR);
        return c;
}

void connection_let_go(struct connection *c)
{
        struct http_server *s = c->server;

        if (--c->holders)
                return;
        pthread_mutex_lock(&s->lock);
        LIST_REMOVE(c, beside);
        pthread_mutex_unlock(&s->lock);
        arena_close(&c->arena);
        atomic_fetch_sub(&c->worker->connections, 1);
        free(c);
        listener_closed(s->listener);
}

/* After this the library closes the descriptor, and the number may soon belong to another
   connection. */
static void connection_close(struct connection *c)
{
        loop_forget(c->worker->loop, &c->hangup);
        loop_timer_clear(c->worker->loop, &c->hung_up_timer);
        if (c->linger || atomic_load(&c->overdue))
                deadline_linger(c->server->deadlines, c->fd);
        pthread_mutex_lock(&c->server->lock);
        c->fd = -1;
        pthread_mutex_unlock(&c->server->lock);
        connection_let_go(c);
}

void connection_notify(void *worker, struct MHD_Connection *mhd, void **context,
                       enum MHD_ConnectionNotificationCode what)
{
        if (what == MHD_CONNECTION_NOTIFY_STARTED)
                *context = connection_open(worker, mhd);
        else if (*context)
                connection_close(*context);
}

int connection_count(struct http_server *s, enum phase least, enum phase most)
{
        int n = 0;

        pthread_mutex_lock(&s->lock);
        for (struct connection *c = LIST_FIRST(&s->connections); c; c = LIST_NEXT(c, beside)) {
                /* in one order with `stopping`, which http_server_close sets before it counts */
                int phase = atomic_load(&c->phase);

                n += phase >= (int)least && phase <= (int)most;
        }
        pthread_mutex_unlock(&s->lock);
        return n;
}

/* A connection that is answered at this moment sends both answers: the client takes the first, and
   closes. */
int connection_cut_short(struct http_server *s, int status)
{
        int n = 0;

        pthread_mutex_lock(&s->lock);
        for (struct connection *c = LIST_FIRST(&s->connections); c; c = LIST_NEXT(c, beside)) {
                /* in one order with `stopping`, which http_server_close sets before */
                if (atomic_load(&c->phase) != PHASE_BUSY)
                        continue;
                n++;
                if (c->fd >= 0)
                        answer_cut_short(s, c->fd, status);
        }
        pthread_mutex_unlock(&s->lock);
        return n;
}

static void dismiss(struct connection *c)
{
        atomic_store(&c->dismissed, true);
        shutdown(c->fd, SHUT_RD);
}

static bool is_idle(const struct connection *c)
{
        return atomic_load_explicit(&c->phase, memory_order_acquire) == PHASE_IDLE &&
               !atomic_load(&c->dismissed) && c->fd >= 0;
}

void connection_end_longest_idle(struct http_server *s)
{
        struct connection *longest = NULL;
        int64_t least = INT64_MAX; /* all may wait equally long: the one that began first has the
                                      first deadline */

        pthread_mutex_lock(&s->lock);
        for (struct connection *c = LIST_FIRST(&s->connections); c; c = LIST_NEXT(c, beside)) {
                int64_t deadline = atomic_load_explicit(&c->deadline_ms, memory_order_relaxed);

                if (deadline > least || !is_idle(c) || has_unread(c))
                        continue;
                longest = c;
                least = deadline;
        }
        if (longest)
                dismiss(longest);
        pthread_mutex_unlock(&s->lock);
}

void connection_end_idle(struct http_server *s)
{
        pthread_mutex_lock(&s->lock);
        for (struct connection *c = LIST_FIRST(&s->connections); c; c = LIST_NEXT(c, beside))
                if (atomic_load_explicit(&c->phase, memory_order_relaxed) <= PHASE_IDLE)
                        dismiss(c);
        pthread_mutex_unlock(&s->lock);
}
