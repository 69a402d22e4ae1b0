#include "gateway/routing/limiter.h"

#include "base/arena.h"
#include "base/hash.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A key's bucket is one of the WAYS buckets of its set: a lookup takes the same time whatever keys
   an attacker chooses. */
enum { SETS = 4096, WAYS = 8, MOST_KEY = 255, MILLI = 1000 };

struct bucket {
        char *key;     /* NULL: the bucket is free */
        int64_t level; /* thousandths of tokens, as of at_ms */
        int64_t at_ms;
};

struct limiter {
        struct limiter_config config;
        _Atomic int holders;
        pthread_mutex_t lock;
        struct bucket buckets[SETS][WAYS];
};

struct limiter *limiter_open(const struct limiter_config *config)
{
        struct limiter *l = memory_alloc(sizeof *l);

        l->config = *config;
        l->holders = 1;
        pthread_mutex_init(&l->lock, NULL);
        return l;
}

struct limiter *limiter_hold(struct limiter *l)
{
        l->holders++;
        return l;
}

void limiter_close(struct limiter **limiter)
{
        struct limiter *l = *limiter;

        *limiter = NULL;
        if (!l || --l->holders > 0)
                return;
        for (int set = 0; set < SETS; set++)
                for (int way = 0; way < WAYS; way++)
                        free(l->buckets[set][way].key);
        pthread_mutex_destroy(&l->lock);
        free(l);
}

const struct limiter_config *limiter_config(const struct limiter *l)
{
        return &l->config;
}

/* One token a second is a thousandth of a token a millisecond. */
static void refill(const struct limiter *l, struct bucket *b, int64_t now_ms)
{
        int64_t full = l->config.burst * MILLI, missing = full - b->level,
                passed = now_ms - b->at_ms;

        if (passed <= 0)
                return;
        b->level = passed > missing / l->config.replenish ? full
                                                          : b->level + passed * l->config.replenish;
        b->at_ms = now_ms;
}

static struct bucket *bucket_of(struct limiter *l, const char *key, int64_t now_ms)
{
        size_t len = strnlen(key, MOST_KEY);
        struct bucket *set = l->buckets[hash_bytes(key, len) % SETS], *victim = NULL;

        for (int way = 0; way < WAYS; way++) {
                struct bucket *b = &set[way];

                if (b->key && strncmp(b->key, key, MOST_KEY) == 0)
                        return b;
                refill(l, b, now_ms);
                if (!victim || (victim->key && (!b->key || b->level > victim->level)))
                        victim = b;
        }
        free(victim->key);
        victim->key = memory_alloc(len + 1);
        memcpy(victim->key, key, len);
        victim->level = l->config.burst * MILLI;
        victim->at_ms = now_ms;
        return victim;
}

bool limiter_take(struct limiter *l, const char *key, int64_t now_ms, int64_t *remaining)
{
        int64_t wanted = l->config.requested * MILLI;
        struct bucket *b;
        bool allowed;

        pthread_mutex_lock(&l->lock);
        b = bucket_of(l, key, now_ms);
        refill(l, b, now_ms);
        allowed = b->level >= wanted;
        b->level -= allowed ? wanted : 0;
        *remaining = b->level / MILLI;
        pthread_mutex_unlock(&l->lock);
        return allowed;
}

void limiter_headers(const struct limiter *l, int64_t remaining,
                     struct limiter_header headers[LIMITER_HEADERS])
{
        const struct limiter_header all[LIMITER_HEADERS] = {
                {"X-RateLimit-Remaining", remaining},
                {"X-RateLimit-Requested-Tokens", l->config.requested},
                {"X-RateLimit-Burst-Capacity", l->config.burst},
                {"X-RateLimit-Replenish-Rate", l->config.replenish},
        };

        memcpy(headers, all, sizeof all);
}
