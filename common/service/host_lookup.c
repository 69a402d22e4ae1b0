#include "service/host_lookup.h"

#include "base/thread.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Held by its owner and by the thread; the last one frees it. */
struct host_lookup {
        char *host;
        pthread_mutex_t lock; /* all below */
        pthread_cond_t change;
        int holders;
        bool under_way;
        int code;            /* of getaddrinfo, the last time */
        struct arena *arena; /* of the last addresses */
        struct host_address *last;
        size_t count;
};

static void let_go(struct host_lookup *l)
{
        bool last;

        pthread_mutex_lock(&l->lock);
        last = --l->holders == 0;
        pthread_mutex_unlock(&l->lock);
        if (!last)
                return;
        pthread_cond_destroy(&l->change);
        pthread_mutex_destroy(&l->lock);
        arena_close(&l->arena);
        free(l->host);
        free(l);
}

static bool write_address(struct arena *arena, const struct addrinfo *info, struct host_address *to)
{
        char text[INET6_ADDRSTRLEN];
        bool is_ipv6 = info->ai_family == AF_INET6;
        const void *address =
                is_ipv6 ? (const void *)&((struct sockaddr_in6 *)(void *)info->ai_addr)->sin6_addr
                        : (const void *)&((struct sockaddr_in *)(void *)info->ai_addr)->sin_addr;

        if ((!is_ipv6 && info->ai_family != AF_INET) ||
            !inet_ntop(info->ai_family, address, text, sizeof text))
                return false;
        *to = (struct host_address){arena_printf(arena, is_ipv6 ? "[%s]" : "%s", text), is_ipv6};
        return true;
}

/* /etc/hosts may name one twice. */
static bool is_new(const struct host_lookup *l, const struct host_address *address)
{
        for (size_t i = 0; i < l->count; i++)
                if (strcmp(l->last[i].text, address->text) == 0)
                        return false;
        return true;
}

/* Under the lock. */
static void keep(struct host_lookup *l, const struct addrinfo *found)
{
        arena_close(&l->arena);
        l->arena = arena_open();
        l->last = arena_alloc(l->arena, HOST_ADDRESSES * sizeof *l->last);
        l->count = 0;
        for (; found && l->count < HOST_ADDRESSES; found = found->ai_next)
                l->count += write_address(l->arena, found, &l->last[l->count]) &&
                            is_new(l, &l->last[l->count]);
}

static void *run(void *arg)
{
        struct host_lookup *l = arg;
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
        int code = getaddrinfo(l->host, NULL, &hints, &found);

        pthread_mutex_lock(&l->lock);
        l->code = code;
        if (code == 0 || code == EAI_NONAME)
                keep(l, code == 0 ? found : NULL);
        l->under_way = false;
        pthread_cond_broadcast(&l->change);
        pthread_mutex_unlock(&l->lock);
        if (code == 0)
                freeaddrinfo(found);
        let_go(l);
        return NULL;
}

struct host_lookup *host_lookup_open(const char *host)
{
        struct host_lookup *l = memory_alloc(sizeof *l);

        l->host = memory_string(host);
        l->holders = 1;
        pthread_mutex_init(&l->lock, NULL);
        pthread_cond_init(&l->change, NULL);
        return l;
}

void host_lookup_close(struct host_lookup **at)
{
        if (*at)
                let_go(*at);
        *at = NULL;
}

void host_lookup_begin(struct host_lookup *l)
{
        bool starts;

        pthread_mutex_lock(&l->lock);
        starts = !l->under_way;
        l->under_way = true;
        l->holders += starts;
        pthread_mutex_unlock(&l->lock);
        if (starts)
                pthread_detach(thread_start("lookup", run, l));
}

static const char *why_none(const struct host_lookup *l)
{
        return l->under_way ? "the name server does not answer"
               : l->code    ? gai_strerror(l->code)
                            : "the name has no address";
}

size_t host_lookup_wait(struct host_lookup *l, const struct timespec *until, struct arena *arena,
                        const struct host_address **found, const char **why)
{
        struct host_address *copy;
        size_t count;

        pthread_mutex_lock(&l->lock);
        while (l->under_way &&
               pthread_cond_clockwait(&l->change, &l->lock, CLOCK_MONOTONIC, until) == 0)
                ;
        count = l->count;
        copy = arena_alloc(arena, (count + 1) * sizeof *copy);
        for (size_t i = 0; i < count; i++)
                copy[i] = (struct host_address){arena_string(arena, l->last[i].text),
                                                l->last[i].is_ipv6};
        *why = count ? NULL : arena_string(arena, why_none(l));
        pthread_mutex_unlock(&l->lock);
        *found = copy;
        return count;
}
