#include "gateway/upstream.h"

#include "gateway/transfer.h"

#include <pthread.h>
#include <stdlib.h>

enum {
        CONNECTIONS_KEPT = 256, /* in use and idle; curl closes one at the end of its exchange when there are more */
        HANDLES_KEPT = 256,
        POLL_MS = 1000,
};

struct upstreams {
        struct upstreams_config config;
        CURLM *multi;
        pthread_t thread;

        pthread_mutex_t lock; /* guards the queue and the flags */
        struct exchange *first, **end;
        bool stopping; /* nothing is sent any more */
        bool closing;  /* the thread ends */

        /* the thread's own */
        struct transfer *active, *idle;
        int idle_count;
};

static void fail(struct exchange *x, const char *reason)
{
        x->outcome = UPSTREAM_BROKEN;
        x->reason = reason;
        x->done(x);
}

static struct transfer *transfer_take(struct upstreams *u)
{
        struct transfer *t = u->idle;

        if (!t)
                return transfer_open(&u->config);
        u->idle = t->next;
        u->idle_count--;
        return t;
}

static void transfer_give_back(struct upstreams *u, struct transfer *t)
{
        if (u->idle_count == HANDLES_KEPT) {
                transfer_close(&t);
                return;
        }
        t->next = u->idle;
        u->idle = t;
        u->idle_count++;
}

static void begin(struct upstreams *u, struct exchange *x)
{
        struct transfer *t = transfer_take(u);
        const char *fault = transfer_start(t, x);

        if (!fault && curl_multi_add_handle(u->multi, t->easy) != CURLM_OK)
                fault = "curl does not take it";
        if (fault) {
                transfer_close(&t); /* half set up: not to be used again */
                fail(x, fault);
                return;
        }
        t->previous = NULL;
        t->next = u->active;
        if (u->active)
                u->active->previous = t;
        u->active = t;
}

static void end(struct upstreams *u, struct transfer *t, CURLcode code)
{
        struct exchange *x = t->exchange;

        curl_multi_remove_handle(u->multi, t->easy);
        if (t->previous)
                t->previous->next = t->next;
        else
                u->active = t->next;
        if (t->next)
                t->next->previous = t->previous;
        transfer_finish(t, code);
        transfer_give_back(u, t);
        x->done(x);
}

static void end_finished(struct upstreams *u)
{
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(u->multi, &left))) {
                CURLcode code = message->data.result;
                struct transfer *t;

                if (message->msg != CURLMSG_DONE)
                        continue;
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
                end(u, t, code);
        }
}

static void end_all(struct upstreams *u)
{
        while (u->active) {
                u->active->refusal = "the gateway is stopping";
                end(u, u->active, CURLE_ABORTED_BY_CALLBACK);
        }
}

/* false: close */
static bool begin_queued(struct upstreams *u)
{
        struct exchange *x;
        bool stopping, closing;

        pthread_mutex_lock(&u->lock);
        x = u->first;
        u->first = NULL;
        u->end = &u->first;
        stopping = u->stopping;
        closing = u->closing;
        pthread_mutex_unlock(&u->lock);
        while (x) {
                struct exchange *next = x->next; /* x may be gone after its done */

                if (stopping)
                        fail(x, "the gateway is stopping");
                else
                        begin(u, x);
                x = next;
        }
        if (stopping)
                end_all(u);
        return !closing;
}

static void *run(void *arg)
{
        struct upstreams *u = arg;
        int running;

        while (begin_queued(u)) {
                curl_multi_perform(u->multi, &running);
                end_finished(u);
                curl_multi_poll(u->multi, NULL, 0, POLL_MS, NULL);
        }
        return NULL;
}

struct upstreams *upstreams_open(const struct upstreams_config *config, struct error *error)
{
        struct upstreams *u = memory_alloc(sizeof *u);

        u->config = *config;
        u->end = &u->first;
        curl_global_init(CURL_GLOBAL_DEFAULT);
        u->multi = curl_multi_init();
        pthread_mutex_init(&u->lock, NULL);
        if (u->multi) {
                curl_multi_setopt(u->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
                if (pthread_create(&u->thread, NULL, run, u) == 0)
                        return u;
                curl_multi_cleanup(u->multi);
        }
        curl_global_cleanup();
        pthread_mutex_destroy(&u->lock);
        free(u);
        error_set(error, ERROR_INTERNAL, "no thread for the upstreams");
        return NULL;
}

static void raise_flags(struct upstreams *u, bool closing)
{
        pthread_mutex_lock(&u->lock);
        u->stopping = true;
        u->closing |= closing;
        pthread_mutex_unlock(&u->lock);
        curl_multi_wakeup(u->multi);
}

void upstreams_stop(struct upstreams *u)
{
        raise_flags(u, false);
}

void upstreams_close(struct upstreams **upstreams)
{
        struct upstreams *u = *upstreams;

        if (!u)
                return;
        *upstreams = NULL;
        raise_flags(u, true);
        pthread_join(u->thread, NULL);
        while (u->idle) {
                struct transfer *t = u->idle;

                u->idle = t->next;
                transfer_close(&t);
        }
        curl_multi_cleanup(u->multi);
        curl_global_cleanup();
        pthread_mutex_destroy(&u->lock);
        free(u);
}

void upstreams_start(struct upstreams *u, struct exchange *x)
{
        bool wake;

        x->next = NULL;
        pthread_mutex_lock(&u->lock);
        wake = u->first == NULL; /* else somebody woke it and it has not yet looked */
        *u->end = x;
        u->end = &x->next;
        pthread_mutex_unlock(&u->lock);
        if (wake)
                curl_multi_wakeup(u->multi);
}
