#include "service/idempotency_keys.h"

#include "base/arena.h"
#include "base/hash.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024 };

struct held_key {
        struct held_key *next;
        char name[]; /* path, a blank, key; neither contains a blank */
};

struct idempotency_keys {
        pthread_mutex_t lock;
        struct held_key *buckets[BUCKETS];
};

struct idempotency_keys *idempotency_keys_open(void)
{
        struct idempotency_keys *keys = memory_alloc(sizeof *keys);

        pthread_mutex_init(&keys->lock, NULL);
        return keys;
}

void idempotency_keys_close(struct idempotency_keys **at)
{
        struct idempotency_keys *keys = *at;

        if (!keys)
                return;
        *at = NULL;
        for (int i = 0; i < BUCKETS; i++) {
                for (struct held_key *k = keys->buckets[i], *next; k; k = next) {
                        next = k->next;
                        free(k);
                }
        }
        pthread_mutex_destroy(&keys->lock);
        free(keys);
}

static struct held_key *key_new(const char *path, const char *name)
{
        size_t size = strlen(path) + strlen(name) + 2;
        struct held_key *k = memory_alloc(sizeof *k + size);

        snprintf(k->name, size, "%s %s", path, name);
        return k;
}

/* Where the key hangs, or the end of its bucket. */
static struct held_key **find(struct idempotency_keys *keys, const char *name)
{
        struct held_key **at = &keys->buckets[hash_bytes(name, strlen(name)) % BUCKETS];

        while (*at && strcmp((*at)->name, name) != 0)
                at = &(*at)->next;
        return at;
}

bool idempotency_keys_begin(struct idempotency_keys *keys, const char *path, const char *name)
{
        struct held_key *fresh = key_new(path, name), **at;
        bool first;

        pthread_mutex_lock(&keys->lock);
        at = find(keys, fresh->name);
        first = !*at;
        if (first)
                *at = fresh;
        pthread_mutex_unlock(&keys->lock);
        if (!first)
                free(fresh);
        return first;
}

void idempotency_keys_end(struct idempotency_keys *keys, const char *path, const char *name)
{
        struct held_key *wanted = key_new(path, name), **at, *gone;

        pthread_mutex_lock(&keys->lock);
        at = find(keys, wanted->name);
        gone = *at;
        if (gone)
                *at = gone->next;
        pthread_mutex_unlock(&keys->lock);
        free(gone);
        free(wanted);
}
