#include "base/breaker.h"

#include "base/arena.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

const struct breaker_config breaker_defaults = {
        .failure_rate = 50,
        .window = 100,
        .minimum = 100,
        .wait_ms = 60000,
        .permitted = 10,
};

const struct metric_family breaker_families[] = {
        {"mall_breaker_state",
         "1 for the state that the breaker is in",
         METRIC_GAUGE,
         {"name", "state"}},
        {NULL},
};

bool breaker_config_is_same(const struct breaker_config *a, const struct breaker_config *b)
{
        return a->failure_rate == b->failure_rate && a->window == b->window &&
               a->minimum == b->minimum && a->wait_ms == b->wait_ms && a->permitted == b->permitted;
}

struct breaker {
        struct breaker_config config;
        _Atomic int holders;
        pthread_mutex_t lock; /* all below */
        enum breaker_state state;
        uint64_t generation; /* grows with each change of state; a call's ticket */
        int64_t opened_ms;
        int granted; /* half open: calls under way and known */
        /* the last calls, a ring: so many known, of them failed; the next one's place */
        bool *bad;
        int known, failed, next;
};

struct breaker *breaker_open(const struct breaker_config *config)
{
        struct breaker *b = memory_alloc(sizeof *b);

        b->config = *config;
        b->holders = 1;
        b->generation = 1;
        b->bad = memory_alloc(
                (size_t)(config->window > config->permitted ? config->window : config->permitted) *
                sizeof *b->bad);
        pthread_mutex_init(&b->lock, NULL);
        return b;
}

struct breaker *breaker_hold(struct breaker *b)
{
        b->holders++;
        return b;
}

void breaker_close(struct breaker **breaker)
{
        struct breaker *b = *breaker;

        *breaker = NULL;
        if (!b || --b->holders > 0)
                return;
        pthread_mutex_destroy(&b->lock);
        free(b->bad);
        free(b);
}

const struct breaker_config *breaker_config(const struct breaker *b)
{
        return &b->config;
}

static void change(struct breaker *b, enum breaker_state state, int64_t now_ms)
{
        b->state = state;
        b->generation++;
        b->opened_ms = now_ms;
        b->granted = b->known = b->failed = b->next = 0;
}

uint64_t breaker_ask(struct breaker *b, int64_t now_ms)
{
        uint64_t ticket = 0;

        pthread_mutex_lock(&b->lock);
        if (b->state == BREAKER_OPEN && now_ms - b->opened_ms >= b->config.wait_ms)
                change(b, BREAKER_HALF_OPEN, now_ms);
        if (b->state == BREAKER_CLOSED ||
            (b->state == BREAKER_HALF_OPEN && b->granted < b->config.permitted)) {
                b->granted += b->state == BREAKER_HALF_OPEN;
                ticket = b->generation;
        }
        pthread_mutex_unlock(&b->lock);
        return ticket;
}

static void record(struct breaker *b, bool bad, int window)
{
        if (b->known == window)
                b->failed -= b->bad[b->next];
        else
                b->known++;
        b->bad[b->next] = bad;
        b->failed += bad;
        b->next = (b->next + 1) % window;
}

static int least(int a, int b)
{
        return a < b ? a : b;
}

static void judge(struct breaker *b, int window, int64_t now_ms)
{
        if (b->known < least(b->config.minimum, window))
                return;
        if (b->failed * 100.0 >= b->config.failure_rate * b->known)
                change(b, BREAKER_OPEN, now_ms);
        else if (b->state == BREAKER_HALF_OPEN)
                change(b, BREAKER_CLOSED, now_ms);
}

void breaker_note(struct breaker *b, uint64_t ticket, enum breaker_outcome outcome, int64_t now_ms)
{
        pthread_mutex_lock(&b->lock);
        if (ticket == b->generation) {
                int window = b->state == BREAKER_HALF_OPEN ? b->config.permitted : b->config.window;

                if (outcome == BREAKER_UNKNOWN) {
                        b->granted -= b->state == BREAKER_HALF_OPEN;
                } else {
                        record(b, outcome == BREAKER_BAD, window);
                        judge(b, window, now_ms);
                }
        }
        pthread_mutex_unlock(&b->lock);
}

int64_t breaker_wait_ms(struct breaker *b, int64_t now_ms)
{
        int64_t wait = 0;

        pthread_mutex_lock(&b->lock);
        if (b->state == BREAKER_OPEN && b->opened_ms + b->config.wait_ms > now_ms)
                wait = b->opened_ms + b->config.wait_ms - now_ms;
        else if (b->state == BREAKER_HALF_OPEN && b->granted >= b->config.permitted)
                wait = 1; /* as soon as one of those is known */
        pthread_mutex_unlock(&b->lock);
        return wait;
}

enum breaker_state breaker_state(struct breaker *b)
{
        enum breaker_state state;

        pthread_mutex_lock(&b->lock);
        state = b->state;
        pthread_mutex_unlock(&b->lock);
        return state;
}
