#include "http/loop.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/container.h"
#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { EVENTS = 128 };

struct loop {
        int epoll;
        struct watch wake; /* an eventfd */
        int64_t now_us;
        int (*settle)(void *arg);
        void *settle_arg;
        int settle_ms;
        /* in no order: most are cleared long before they are due */
        LIST_HEAD(timers, timer) timers;
        int64_t first_due_us; /* no timer is due before this; may be too early */
        struct epoll_event events[EVENTS];
        int event_at, event_count; /* this round's events still to come, for loop_forget */
        pthread_t thread;
        struct task stop;
        bool stopping;
        _Atomic(struct task *) posted; /* the last one first */
        atomic_bool asleep;
};

static void wake_up(struct loop *l)
{
        uint64_t one = 1;
        ssize_t written = write(l->wake.fd, &one, sizeof one);

        (void)written; /* full means awake */
}

static void woken(struct watch *wake, unsigned events)
{
        uint64_t count;
        ssize_t got = read(wake->fd, &count, sizeof count);

        (void)got, (void)events;
}

struct loop *loop_open(void)
{
        struct loop *l = memory_alloc(sizeof *l);

        l->epoll = epoll_create1(EPOLL_CLOEXEC);
        l->wake = (struct watch){.ready = woken, .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
        l->settle_ms = -1;
        l->first_due_us = INT64_MAX;
        l->now_us = clock_mono_us();
        if (l->epoll < 0 || l->wake.fd < 0 || !loop_watch(l, &l->wake, EPOLLIN))
                abort(); /* out of descriptors before the first connection */
        return l;
}

void loop_close(struct loop **at)
{
        struct loop *l = *at;

        if (!l)
                return;
        *at = NULL;
        close(l->wake.fd);
        close(l->epoll);
        free(l);
}

void loop_each_round(struct loop *l, int (*settle)(void *arg), void *arg)
{
        l->settle = settle;
        l->settle_arg = arg;
}

bool loop_watch(struct loop *l, struct watch *watch, unsigned events)
{
        struct epoll_event e = {.events = events, .data.ptr = watch};

        return epoll_ctl(l->epoll, EPOLL_CTL_ADD, watch->fd, &e) == 0;
}

void loop_change(struct loop *l, struct watch *watch, unsigned events)
{
        struct epoll_event e = {.events = events, .data.ptr = watch};

        epoll_ctl(l->epoll, EPOLL_CTL_MOD, watch->fd, &e);
}

void loop_forget(struct loop *l, struct watch *watch)
{
        epoll_ctl(l->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
        for (int i = l->event_at; i < l->event_count; i++)
                if (l->events[i].data.ptr == watch)
                        l->events[i].data.ptr = NULL;
}

void loop_timer_clear(struct loop *l, struct timer *t)
{
        (void)l;
        if (t->set)
                LIST_REMOVE(t, beside);
        t->set = false;
}

void loop_timer(struct loop *l, struct timer *t, int64_t in_us)
{
        loop_timer_clear(l, t);
        t->at_us = l->now_us + in_us;
        t->set = true;
        LIST_INSERT_HEAD(&l->timers, t, beside);
        if (t->at_us < l->first_due_us)
                l->first_due_us = t->at_us;
}

int64_t loop_now_us(const struct loop *l)
{
        return l->now_us;
}

void loop_post(struct loop *l, struct task *task)
{
        task->next = atomic_load_explicit(&l->posted, memory_order_relaxed);
        while (!atomic_compare_exchange_weak(&l->posted, &task->next, task))
                ;
        /* the first thread that sees it asleep wakes it */
        if (atomic_load(&l->asleep) && atomic_exchange(&l->asleep, false))
                wake_up(l);
}

static bool run_tasks(struct loop *l)
{
        struct task *last = atomic_exchange(&l->posted, NULL), *first = NULL, *next;

        for (; last; last = next) {
                next = last->next;
                last->next = first;
                first = last;
        }
        if (!first)
                return false;
        for (; first; first = next) {
                next = first->next; /* run may free the task or post it again */
                first->run(first);
        }
        return true;
}

/* One at a time, since due() may set and clear others. */
static struct timer *take_due(struct loop *l)
{
        l->first_due_us = INT64_MAX;
        for (struct timer *t = LIST_FIRST(&l->timers); t; t = LIST_NEXT(t, beside)) {
                if (t->at_us <= l->now_us) {
                        l->first_due_us = l->now_us;
                        loop_timer_clear(l, t);
                        return t;
                }
                if (t->at_us < l->first_due_us)
                        l->first_due_us = t->at_us;
        }
        return NULL;
}

static void run_timers(struct loop *l)
{
        struct timer *t;

        while (l->first_due_us <= l->now_us && (t = take_due(l)))
                t->due(t);
}

/* ms, rounded up: a timer is not due early. */
static int patience(struct loop *l)
{
        int64_t timer_ms;

        if (l->first_due_us == INT64_MAX)
                return l->settle_ms;
        timer_ms = (l->first_due_us - clock_mono_us() + 999) / 1000;
        timer_ms = timer_ms < 0 ? 0 : timer_ms > 60000 ? 60000 : timer_ms;
        return l->settle_ms >= 0 && l->settle_ms < timer_ms ? l->settle_ms : (int)timer_ms;
}

static void wait_for_events(struct loop *l)
{
        int ms = patience(l), n;

        if (ms) {
                atomic_store(&l->asleep, true);
                if (atomic_load(&l->posted))
                        ms = 0;
        }
        n = epoll_wait(l->epoll, l->events, EVENTS, ms);
        atomic_store_explicit(&l->asleep, false, memory_order_relaxed);
        l->event_at = 0;
        l->event_count = n > 0 ? n : 0;
        l->now_us = clock_mono_us();
}

static void run_events(struct loop *l)
{
        while (l->event_at < l->event_count) {
                const struct epoll_event *e = &l->events[l->event_at++];
                struct watch *watch = e->data.ptr;

                if (watch)
                        watch->ready(watch, e->events);
        }
}

static void *run(void *arg)
{
        struct loop *l = arg;

        while (!l->stopping) {
                wait_for_events(l);
                run_events(l);
                run_timers(l);
                while (run_tasks(l))
                        ;
                if (l->settle)
                        l->settle_ms = l->settle(l->settle_arg);
        }
        return NULL;
}

void loop_start(struct loop *l)
{
        l->thread = thread_start("http", run, l);
}

static void stop(struct task *task)
{
        struct loop *l = CONTAINER_OF(task, struct loop, stop);

        l->stopping = true;
}

void loop_stop(struct loop *l)
{
        l->stop.run = stop;
        loop_post(l, &l->stop);
        pthread_join(l->thread, NULL);
}
