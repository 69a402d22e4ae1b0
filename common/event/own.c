#include "event/own.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ASK_EVERY_US = 1000 * 1000 }; /* another process may have renewed a shared store meanwhile */

#define CLOCKS_APART_US (INT64_C(3600) * 1000000)

struct own {
        struct store *store;
        const char *source;
        size_t source_len;
        struct bus_config bus;
        char *url;
        int64_t given_before;    /* the highest id given when it was opened */
        _Atomic int64_t highest; /* the highest id of our events seen on the bus */
        pthread_t thread;
        bool looks; /* the thread runs */
        _Atomic bool closing;

        pthread_mutex_t lock; /* for the member below */
        int64_t checked_us;
};

/* Reads an id as the outbox writes it. 0: our store cannot have given it by now, so the record
   only uses our name. */
static int64_t read_id(const struct bus_word *id)
{
        int64_t most = clock_wall_ms() * 1000 + CLOCKS_APART_US, n = 0;

        for (size_t i = 0; i < id->len; i++) {
                if (id->at[i] < '0' || id->at[i] > '9' || n > most)
                        return 0;
                n = n * 10 + (id->at[i] - '0');
        }
        return n > most ? 0 : n;
}

void own_hear(struct own *own, const struct bus_sign *sign)
{
        int64_t id, before = atomic_load_explicit(&own->highest, memory_order_relaxed);

        if (sign->source.len != own->source_len ||
            memcmp(sign->source.at, own->source, own->source_len) != 0)
                return;
        id = read_id(&sign->id);
        while (before < id && !atomic_compare_exchange_weak(&own->highest, &before, id))
                ;
}

static void tell(const struct own *own, int64_t seen, const struct renewal *r)
{
        char text[400];
        int length = snprintf(text, sizeof text,
                              "this store came back from the past: it gave events ids up to %lld, "
                              "and the topic has its event %lld. It is"
                              " renewed: ids go on above %lld.",
                              (long long)r->given, (long long)seen, (long long)r->from);

        if (r->given > own->given_before)
                snprintf(text + length, sizeof text - (size_t)length,
                         " Its events %lld to %lld may have been taken for ones that were said "
                         "before.",
                         (long long)own->given_before + 1, (long long)r->given);
        log_write(LOG_ERROR, text, "event.source", own->source, "see", "docs/backup.md", NULL);
}

static bool is_due(struct own *own)
{
        int64_t now = clock_mono_us();

        if (own->checked_us && now - own->checked_us < ASK_EVERY_US)
                return false;
        own->checked_us = now;
        return true;
}

static void check(struct own *own, int64_t seen)
{
        struct renewal renewal;
        struct error error = {0};
        int64_t given = store_events_given(own->store);

        if (given < 0 || given >= seen)
                return;
        if (!store_renew(own->store, seen, &renewal, &error))
                log_write(LOG_WARN, "the store came back from the past and cannot be renewed now",
                          "error.message", error.text, NULL);
        else if (renewal.from)
                tell(own, seen, &renewal);
}

void own_check(struct own *own)
{
        int64_t seen = atomic_load(&own->highest);

        if (!seen)
                return;
        pthread_mutex_lock(&own->lock);
        if (is_due(own))
                check(own, seen);
        pthread_mutex_unlock(&own->lock);
}

static bool note(void *arg, const struct bus_sign *sign)
{
        own_hear(arg, sign);
        return false;
}

static void *look_back(void *arg)
{
        struct own *own = arg;

        bus_look_back(&own->bus, &own->closing);
        own_check(own);
        return NULL;
}

struct own *own_open(struct store *store, const struct bus_config *config)
{
        struct own *own = memory_alloc(sizeof *own);

        own->store = store;
        own->source = store_source(store);
        own->source_len = strlen(own->source);
        own->bus = *config;
        own->bus.url = own->url = memory_string(config->url);
        own->bus.wanted = note;
        own->bus.wanted_arg = own;
        own->given_before = store_events_given(store);
        pthread_mutex_init(&own->lock, NULL);
        own->looks = !bus_is_local(config);
        if (own->looks)
                own->thread = thread_start("look-back", look_back, own);
        else
                look_back(own);
        return own;
}

void own_close(struct own **at)
{
        struct own *own = *at;

        if (!own)
                return;
        *at = NULL;
        atomic_store(&own->closing, true);
        if (own->looks)
                pthread_join(own->thread, NULL);
        pthread_mutex_destroy(&own->lock);
        free(own->url);
        free(own);
}
