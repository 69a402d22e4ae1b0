#include "http/connection.h"

#include "http/deadline.h"
#include "http/listener.h"

#include <stdlib.h>
#include <sys/socket.h>

void connection_enter(struct connection *c, enum phase phase, int ms)
{
        int64_t now = atomic_load_explicit(&c->server->now_ms, memory_order_relaxed);

        atomic_store_explicit(&c->deadline_ms, ms < 0 ? INT64_MAX : now + ms, memory_order_relaxed);
        atomic_store_explicit(&c->phase, phase, memory_order_release);
}

static void list_add(struct http_server *s, struct connection *c)
{
        pthread_mutex_lock(&s->lock);
        c->next = s->first;
        if (s->first)
                s->first->previous = c;
        s->first = c;
        pthread_mutex_unlock(&s->lock);
}

/* Behind this nobody else touches the descriptor. */
static void list_remove(struct http_server *s, struct connection *c)
{
        pthread_mutex_lock(&s->lock);
        if (c->next)
                c->next->previous = c->previous;
        if (c->previous)
                c->previous->next = c->next;
        else
                s->first = c->next;
        pthread_mutex_unlock(&s->lock);
}

static struct connection *connection_open(struct http_server *s, struct MHD_Connection *mhd)
{
        const struct sockaddr *peer = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
        struct connection *c = memory_alloc(sizeof *c);

        c->server = s;
        c->mhd = mhd;
        c->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        c->arena = arena_open();
        peer_text(peer, c->peer);
        c->peer_trusted = proxies_trust(s->proxies, peer);
        connection_enter(c, PHASE_FRESH, s->config.header_ms);
        list_add(s, c);
        return c;
}

static void connection_close(struct connection *c)
{
        struct http_server *s = c->server;

        list_remove(s, c);
        if (c->linger)
                deadline_linger(s->deadlines, c->fd);
        arena_close(&c->arena);
        free(c);
        listener_closed(s->listener);
}

void connection_notify(void *server, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode what)
{
        if (what == MHD_CONNECTION_NOTIFY_STARTED)
                *context = connection_open(server, mhd);
        else if (*context)
                connection_close(*context);
}

int connection_count(struct http_server *s, enum phase least, enum phase most)
{
        int n = 0;

        pthread_mutex_lock(&s->lock);
        for (struct connection *c = s->first; c; c = c->next) {
                /* in one order with `stopping`, which http_server_close sets before it counts */
                int phase = atomic_load(&c->phase);

                n += phase >= (int)least && phase <= (int)most;
        }
        pthread_mutex_unlock(&s->lock);
        return n;
}

void connection_end_idle(struct http_server *s)
{
        pthread_mutex_lock(&s->lock);
        for (struct connection *c = s->first; c; c = c->next)
                if (atomic_load_explicit(&c->phase, memory_order_relaxed) <= PHASE_IDLE)
                        shutdown(c->fd, SHUT_RD);
        pthread_mutex_unlock(&s->lock);
}
