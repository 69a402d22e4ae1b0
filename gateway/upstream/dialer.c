/* libcurl on the loop: its sockets are watched there, and its timer is one of the loop's. */
#include "base/arena.h"
#include "base/container.h"
#include "gateway/upstream/dial_inside.h"

#include <pthread.h>
#include <stdlib.h>

/* One of libcurl's sockets. */
struct socket_watch {
        struct watch watch;
        struct dialer *dialer;
};

/* A dial that ends may start another. */
static void collect(struct dialer *d)
{
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(d->multi, &left))) {
                struct dial *dial = NULL;

                if (message->msg != CURLMSG_DONE)
                        continue;
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &dial);
                dial_finish(dial, message->data.result);
        }
}

static void act(struct dialer *d, curl_socket_t fd, int what)
{
        int running;

        curl_multi_socket_action(d->multi, fd, what, &running);
        collect(d);
}

static void socket_ready(struct watch *watch, unsigned events)
{
        struct socket_watch *s = CONTAINER_OF(watch, struct socket_watch, watch);
        int what = 0;

        if (events & (EPOLLIN | EPOLLHUP))
                what |= CURL_CSELECT_IN;
        if (events & EPOLLOUT)
                what |= CURL_CSELECT_OUT;
        if (events & EPOLLERR)
                what |= CURL_CSELECT_ERR;
        act(s->dialer, watch->fd, what); /* may free the watch */
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
        struct dialer *d = arg;
        struct socket_watch *s = known;
        unsigned events =
                (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);

        (void)easy;
        if (what == CURL_POLL_REMOVE) {
                if (s)
                        loop_forget(d->loop, &s->watch);
                free(s);
                curl_multi_assign(d->multi, fd, NULL);
        } else if (s) {
                loop_change(d->loop, &s->watch, events);
        } else {
                s = memory_alloc(sizeof *s);
                *s = (struct socket_watch){{socket_ready, (int)fd}, d};
                loop_watch(d->loop, &s->watch, events);
                curl_multi_assign(d->multi, fd, s);
        }
        return 0;
}

static void timer_due(struct timer *timer)
{
        struct dialer *d = CONTAINER_OF(timer, struct dialer, timer);

        act(d, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
        struct dialer *d = arg;

        (void)multi;
        if (ms < 0)
                loop_timer_clear(d->loop, &d->timer);
        else
                loop_timer(d->loop, &d->timer, ms * 1000);
        return 0;
}

static void init_library(void)
{
        curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct dialer *dialer_open(struct loop *loop)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        struct dialer *d = memory_alloc(sizeof *d);

        pthread_once(&once, init_library);
        d->loop = d->endpoints.loop = loop;
        d->timer.due = timer_due;
        d->multi = curl_multi_init();
        if (!d->multi)
                abort();
        curl_multi_setopt(d->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt(d->multi, CURLMOPT_SOCKETDATA, d);
        curl_multi_setopt(d->multi, CURLMOPT_TIMERFUNCTION, on_timer);
        curl_multi_setopt(d->multi, CURLMOPT_TIMERDATA, d);
        return d;
}

void dialer_close(struct dialer **at)
{
        struct dialer *d = *at;

        if (!d)
                return;
        *at = NULL;
        curl_multi_cleanup(d->multi);
        loop_timer_clear(d->loop, &d->timer);
        free(d);
}
