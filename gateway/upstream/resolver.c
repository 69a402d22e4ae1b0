#include "gateway/upstream/resolver.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

struct name {
        char *host;
        int count;
        char addresses[NAMES_MOST][INET6_ADDRSTRLEN];
        int64_t until_us; /* the addresses are good */
        unsigned turn;
        bool busy; /* a thread looks it up */
        LIST_HEAD(questions, question) waiting;
        STAILQ_ENTRY(name) beside;
};

/* On its way to the loop of who asked. */
struct resolver_answer {
        struct task task;
        struct question *question; /* NULL: forgotten meanwhile */
};

static pthread_mutex_t lock =
        PTHREAD_MUTEX_INITIALIZER; /* of all below, and of questions that wait */
static STAILQ_HEAD(names,
                   name) all = STAILQ_HEAD_INITIALIZER(all); /* those asked longest ago first */
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

        STAILQ_FOREACH(n, &all, beside)
        if (strcasecmp(n->host, host) == 0)
                return n;
        n = memory_alloc(sizeof *n);
        n->host = memory_string(host);
        STAILQ_INSERT_TAIL(&all, n, beside);
        return n;
}

static void give(struct name *n, struct question *q, const char *why)
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
        struct resolver_answer *parser = (struct resolver_answer *)task;
        struct question *q = parser->question;

        free(parser);
        if (!q)
                return;
        q->parser = NULL;
        q->done(q);
}

static void tell(struct name *n, const char *why)
{
        struct question *q;

        while ((q = LIST_FIRST(&n->waiting))) {
                LIST_REMOVE(q, beside);
                give(n, q, why);
                q->waiting = false;
                q->parser = memory_alloc(sizeof *q->parser);
                *q->parser = (struct resolver_answer){.task.run = run, .question = q};
                loop_post(q->loop, &q->parser->task);
        }
}

static void keep(struct name *n, const struct addrinfo *found)
{
        n->count = 0;
        for (; found && n->count < NAMES_MOST; found = found->ai_next) {
                const void *at =
                        found->ai_family == AF_INET
                                ? (const void *)&(
                                          (const struct sockaddr_in *)(const void *)found->ai_addr)
                                          ->sin_addr
                                : (const void *)&(
                                          (const struct sockaddr_in6 *)(const void *)found->ai_addr)
                                          ->sin6_addr;

                if (inet_ntop(found->ai_family, at, n->addresses[n->count], INET6_ADDRSTRLEN))
                        n->count++;
        }
}

/* Under the lock, but for the lookup itself. */
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
        n->until_us = n->count ? clock_mono_us() + NAMES_S * 1000000LL : 0;
        tell(n, error ? gai_strerror(error) : "it has no address");
        if (found)
                freeaddrinfo(found);
}

static struct name *next_wanted(void)
{
        struct name *n;

        STAILQ_FOREACH(n, &all, beside)
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
                give(n, q, NULL);
        } else {
                LIST_INSERT_HEAD(&n->waiting, q, beside);
                q->waiting = true;
                if (!n->busy && threads < NAMES_LOOKUPS) {
                        threads++;
                        pthread_detach(thread_start("names", serve, NULL));
                }
        }
        pthread_mutex_unlock(&lock);
        return known;
}

void names_forget(struct question *q)
{
        pthread_mutex_lock(&lock);
        if (q->waiting)
                LIST_REMOVE(q, beside);
        else if (q->parser)
                q->parser->question = NULL;
        q->waiting = false;
        q->parser = NULL;
        pthread_mutex_unlock(&lock);
}
