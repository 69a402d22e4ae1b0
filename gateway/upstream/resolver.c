#include "gateway/upstream/resolver.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/container.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

struct name {
        char *host;
        int count;
        char addresses[RESOLVER_ADDRESSES][INET6_ADDRSTRLEN];
        int64_t until_us; /* the addresses are used */
        unsigned turn;    /* which address comes first in the next answer */
        bool busy;        /* a thread looks it up */
        LIST_HEAD(questions, question) waiting;
        STAILQ_ENTRY(name) beside;
};

/* On its way to the loop of the question. */
struct resolver_answer {
        struct task task;
        struct question *question; /* NULL: forgotten meanwhile */
};

/* Guards all below, and questions that wait. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* The names looked up longest ago come first. */
static STAILQ_HEAD(names, name) all = STAILQ_HEAD_INITIALIZER(all);
static int threads;
static int (*lookup)(const char *, const char *, const struct addrinfo *,
                     struct addrinfo **) = getaddrinfo;

void resolver_use(int (*other)(const char *, const char *, const struct addrinfo *,
                               struct addrinfo **))
{
        lookup = other ? other : getaddrinfo;
}

static struct name *name_of(const char *host)
{
        struct name *n;

        for (n = STAILQ_FIRST(&all); n; n = STAILQ_NEXT(n, beside))
                if (strcasecmp(n->host, host) == 0)
                        return n;
        n = memory_alloc(sizeof *n);
        n->host = memory_string(host);
        STAILQ_INSERT_TAIL(&all, n, beside);
        return n;
}

static void fill(struct name *n, struct question *q, const char *why)
{
        q->count = n->count;
        q->why = why;
        for (int i = 0; i < n->count; i++)
                memcpy(q->addresses[i], n->addresses[(n->turn + (unsigned)i) % (unsigned)n->count],
                       INET6_ADDRSTRLEN);
        n->turn++;
}

static void run(struct task *task)
{
        struct resolver_answer *answer = CONTAINER_OF(task, struct resolver_answer, task);
        struct question *q = answer->question;

        free(answer);
        if (!q)
                return;
        q->answer = NULL;
        q->done(q);
}

static void answer_all(struct name *n, const char *why)
{
        struct question *q;

        while ((q = LIST_FIRST(&n->waiting))) {
                LIST_REMOVE(q, beside);
                fill(n, q, why);
                q->waiting = false;
                q->answer = memory_alloc(sizeof *q->answer);
                *q->answer = (struct resolver_answer){.task.run = run, .question = q};
                loop_post(q->loop, &q->answer->task);
        }
}

static const void *address_of(const struct addrinfo *found)
{
        const struct sockaddr_in *v4 = (const void *)found->ai_addr;
        const struct sockaddr_in6 *v6 = (const void *)found->ai_addr;

        return found->ai_family == AF_INET ? (const void *)&v4->sin_addr : &v6->sin6_addr;
}

static void keep(struct name *n, const struct addrinfo *found)
{
        n->count = 0;
        for (; found && n->count < RESOLVER_ADDRESSES; found = found->ai_next)
                if (inet_ntop(found->ai_family, address_of(found), n->addresses[n->count],
                              INET6_ADDRSTRLEN))
                        n->count++;
}

/* Called with the lock, which it gives up during the lookup itself. */
static void look_up(struct name *n)
{
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
        struct addrinfo *found = NULL;
        int error;

        n->busy = true;
        pthread_mutex_unlock(&lock);
        error = lookup(n->host, NULL, &hints, &found);
        pthread_mutex_lock(&lock);
        n->busy = false;
        keep(n, error ? NULL : found);
        n->until_us = n->count ? clock_mono_us() + RESOLVER_KEPT_S * 1000000LL : 0;
        answer_all(n, error ? gai_strerror(error) : "it has no address");
        if (found)
                freeaddrinfo(found);
}

static struct name *next_wanted(void)
{
        struct name *n;

        for (n = STAILQ_FIRST(&all); n; n = STAILQ_NEXT(n, beside))
                if (!n->busy && !LIST_EMPTY(&n->waiting))
                        return n;
        return NULL;
}

static void *serve(void *arg)
{
        struct name *n;

        (void)arg;
        pthread_mutex_lock(&lock);
        while ((n = next_wanted())) {
                STAILQ_REMOVE(&all, n, name, beside); /* the others come first next time */
                STAILQ_INSERT_TAIL(&all, n, beside);
                look_up(n);
        }
        threads--;
        pthread_mutex_unlock(&lock);
        return NULL;
}

bool resolver_ask(struct question *q)
{
        struct name *n;
        bool known;

        pthread_mutex_lock(&lock);
        n = name_of(q->host);
        known = clock_mono_us() < n->until_us;
        if (known) {
                fill(n, q, NULL);
        } else {
                LIST_INSERT_HEAD(&n->waiting, q, beside);
                q->waiting = true;
                if (!n->busy && threads < RESOLVER_LOOKUPS) {
                        threads++;
                        pthread_detach(thread_start("resolver", serve, NULL));
                }
        }
        pthread_mutex_unlock(&lock);
        return known;
}

void resolver_forget(struct question *q)
{
        pthread_mutex_lock(&lock);
        if (q->waiting)
                LIST_REMOVE(q, beside);
        else if (q->answer)
                q->answer->question = NULL;
        q->waiting = false;
        q->answer = NULL;
        pthread_mutex_unlock(&lock);
}
