/* relay_bus - for tests of the relay only: a bus of the test's own, which takes, keeps, answers,
   gives back or refuses records as the story tells it. This is all of bus.h's publishing half:
   bus.c is not linked. */
#ifndef TESTING_RELAY_BUS_H
#define TESTING_RELAY_BUS_H

#include "base/clock.h"
#include "event/relay_inside.h"
#include "testing/thing.h"

#include <stdlib.h>
#include <unistd.h>

enum { HELD_MOST = 100000 };

/* One record that was handed over. */
struct handed_over {
        char key; /* '!': a dead letter */
        int64_t id;
        int number; /* its qty */
        size_t bytes;
        bool answered;
};

/* What the bus does with a key's records from now on. */
enum fate { LAND, HOLD, RETURN, REFUSE, CLOSE };

static struct {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        int parts, parts_told;
        bool fails;          /* bus_send takes nothing */
        enum fate fate[128]; /* by key */
        int only[128];       /* ... for this many of them; later ones land. 0: for all */
        struct handed_over heard[HELD_MOST];
        size_t count, told; /* the first `told` records were asked for results */
        bool woken, gave_up;
        char lands_once_woken; /* a key whose records are held until the first look after a wake */
        bool was_woken;
        int closed_ms;
        size_t flying, flying_most; /* bytes that wait for an answer */
        size_t sends, largest_send; /* bytes */
        void (*when_sent)(void);    /* once, after the next send, on the relay's thread */
} bus = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .parts = 3};

struct bus *bus_open_publisher(const struct bus_config *config, struct error *error)
{
        if (!strcmp(config->url, "wrong"))
                error_set(error, ERROR_BAD_INPUT, "no bus");
        return strcmp(config->url, "wrong") ? (struct bus *)&bus : NULL;
}

void bus_close(struct bus **at, int wait_ms)
{
        bus.closed_ms = wait_ms;
        *at = NULL;
}

int bus_parts(struct bus *at, struct error *error)
{
        int parts;

        (void)at;
        error->kind = ERROR_NONE;
        pthread_mutex_lock(&bus.lock);
        parts = bus.parts_told = bus.parts;
        pthread_mutex_unlock(&bus.lock);
        if (!parts)
                error_set(error, ERROR_UNAVAILABLE, "no parts");
        return parts;
}

int bus_lane(struct bus *at, const char *topic, const char *key, size_t key_len)
{
        (void)at;
        return topic ? BUS_OWN_LANES : key_len ? key[0] % bus.parts_told : 0;
}

bool bus_send(struct bus *at, const struct record *records, size_t count, struct error *error)
{
        void (*when_sent)(void);
        size_t bytes = 0;
        bool fails;

        (void)at;
        pthread_mutex_lock(&bus.lock);
        fails = bus.fails;
        when_sent = fails ? NULL : bus.when_sent;
        if (when_sent)
                bus.when_sent = NULL;
        for (size_t i = 0; i < count && !fails; i++) {
                const struct record *r = &records[i];
                const char *qty = r->value ? memmem(r->value, r->value_len, "\"qty\":", 6) : NULL;
                struct handed_over *h = &bus.heard[bus.count++];

                *h = (struct handed_over){.key = r->topic     ? '!'
                                                 : r->key_len ? r->key[0]
                                                              : '-',
                                          .id = r->tag,
                                          .bytes = r->value_len};
                h->number = qty ? atoi(qty + 6) : 0;
                for (size_t n = 0; n < r->header_count; n++)
                        h->bytes += r->headers[n].len;
                bytes += h->bytes;
        }
        bus.flying += bytes;
        bus.sends++;
        if (bus.flying > bus.flying_most)
                bus.flying_most = bus.flying;
        if (bytes > bus.largest_send)
                bus.largest_send = bytes;
        pthread_mutex_unlock(&bus.lock);
        if (when_sent)
                when_sent();
        return !fails || error_set(error, ERROR_UNAVAILABLE, "sends fail");
}

static const enum publish_result result_of[] = {
        [LAND] = BUS_PUBLISHED, [REFUSE] = BUS_REFUSED, [CLOSE] = BUS_CLOSED};

static inline struct bus_result answer_one(struct handed_over *h, enum publish_result result)
{
        h->answered = true;
        bus.flying -= h->bytes < bus.flying ? h->bytes : bus.flying;
        return (struct bus_result){h->id, result, "so it is told"};
}

static inline void once_less(char key)
{
        if (bus.only[(int)key] && --bus.only[(int)key] == 0)
                bus.fate[(int)key] = LAND;
}

/* As when a session ends: all of a key's records under way are given back, later ones are not. */
static inline size_t give_back(char key, struct bus_result *results, size_t most)
{
        size_t count = 0, i;

        for (i = bus.told; i < bus.count && count < most; i++)
                if (!bus.heard[i].answered && bus.heard[i].key == key)
                        results[count++] = answer_one(&bus.heard[i], BUS_RETURNED);
        if (i == bus.count)
                once_less(key);
        return count;
}

/* The caller holds the lock. */
static inline size_t answer(struct bus_result *results, size_t most)
{
        size_t count = 0;

        for (size_t i = bus.told; i < bus.count && count < most; i++) {
                struct handed_over *h = &bus.heard[i];
                enum fate fate = bus.fate[(int)h->key];

                if (!h->answered && fate == RETURN) {
                        count += give_back(h->key, results + count, most - count);
                } else if (!h->answered && (fate != HOLD || bus.gave_up)) {
                        results[count++] =
                                answer_one(h, fate == HOLD ? BUS_RETURNED : result_of[fate]);
                        once_less(h->key);
                }
                if (h->answered && i == bus.told)
                        bus.told++;
        }
        return count;
}

size_t bus_results(struct bus *at, struct bus_result *results, size_t most, int wait_ms,
                   struct error *error)
{
        struct timespec until = clock_after(wait_ms);
        size_t count;

        (void)at;
        error->kind = ERROR_NONE;
        pthread_mutex_lock(&bus.lock);
        if (bus.was_woken)
                bus.fate[(int)bus.lands_once_woken] = LAND;
        while (!(count = answer(results, most)) && !bus.woken &&
               pthread_cond_clockwait(&bus.changed, &bus.lock, CLOCK_MONOTONIC, &until) == 0)
                ;
        bus.woken = false;
        pthread_mutex_unlock(&bus.lock);
        return count;
}

void bus_give_up(struct bus *at)
{
        (void)at;
        pthread_mutex_lock(&bus.lock);
        bus.gave_up = true;
        pthread_mutex_unlock(&bus.lock);
}

void bus_wake(struct bus *at)
{
        (void)at;
        pthread_mutex_lock(&bus.lock);
        bus.woken = true;
        bus.was_woken = true;
        pthread_cond_signal(&bus.changed);
        pthread_mutex_unlock(&bus.lock);
}

bool bus_topic_is_valid(const char *topic)
{
        return topic[0];
}

#endif
