/* relay_bus - for tests only: a relay on a bus of the test's own, which takes, keeps, answers,
   gives back or refuses records as the story tells it. This is all of bus.h's publishing half:
   bus.c is not linked. */
#ifndef TESTING_RELAY_BUS_H
#define TESTING_RELAY_BUS_H

#include "base/clock.h"
#include "event/relay_inside.h"
#include "testing/thing.h"

#include <stdlib.h>
#include <unistd.h>

enum {
        PATIENCE_US = 30 * 1000000,
        CLOSE_MS = 5000,
        HELD_MOST = 100000,
        LARGE = 200 * 1000,
};

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
        int only[128];       /* ... with so many of them; the later ones land. 0: with all */
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

static struct {
        struct store *store;
        struct relay *relay;
        struct metrics *metrics;
        struct arena *arena;
        int said[128];
} t;

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

/* With the lock. */
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

/* ---- what stories have in common ---- */

static inline void set(void (*change)(int), int arg)
{
        pthread_mutex_lock(&bus.lock);
        change(arg);
        pthread_cond_signal(&bus.changed);
        pthread_mutex_unlock(&bus.lock);
}

static inline void set_parts(int parts)
{
        bus.parts = parts;
}
static inline void set_fails(int fails)
{
        bus.fails = fails;
}

/* only: for so many; 0: for all */
static inline void doom(char key, enum fate fate, int only)
{
        pthread_mutex_lock(&bus.lock);
        bus.fate[(int)key] = fate;
        bus.only[(int)key] = only;
        pthread_cond_signal(&bus.changed);
        pthread_mutex_unlock(&bus.lock);
}

static inline void start_relay(void)
{
        struct error e = {0};

        bus.gave_up = false;
        metrics_close(&t.metrics); /* the relay's callback is called at each scrape for as long
                                      as the metrics live */
        t.metrics = metrics_open();
        t.relay = relay_open(&(struct relay_config){.store = t.store,
                                                    .bus = {.url = "ours", .client = "things"},
                                                    .metrics = t.metrics},
                             &e);
        check_text(e.text, "");
}

static inline void end(void)
{
        relay_close(&t.relay, CLOSE_MS);
        store_close(&t.store);
        metrics_close(&t.metrics);
        arena_close(&t.arena);
}

static inline void begin(void)
{
        struct error e = {0};

        if (t.store)
                end(); /* of a story that a failed check ended */
        memset(&t, 0, sizeof t);
        memset(bus.fate, 0, sizeof bus.fate);
        memset(bus.only, 0, sizeof bus.only);
        bus.count = bus.told = bus.flying = bus.flying_most = bus.sends = bus.largest_send = 0;
        bus.parts = 3;
        bus.fails = bus.woken = false;
        bus.lands_once_woken = '\0';
        t.store = store_open(&(struct store_config){.url = things_url(),
                                                    .service = things_service(),
                                                    .entities = thing_entities,
                                                    .readers = 1},
                             &e);
        check_text(e.text, "");
        t.arena = arena_open();
        start_relay();
}

struct said_keys {
        const char *keys;
        int times;
        size_t bytes;
};

static inline void say_some(struct unit *unit, void *arg)
{
        const struct said_keys *s = arg;
        char *filling = s->bytes ? arena_alloc(unit_arena(unit), s->bytes + 1) : NULL;

        if (filling)
                memset(filling, 'x', s->bytes);
        for (int i = 0; i < s->times; i++)
                for (const char *key = s->keys; *key; key++) {
                        char name[2] = {*key};
                        struct thing thing = {.name = name,
                                              .secret = filling,
                                              .qty = {true, ++t.said[(int)*key]}};

                        unit_announce(unit, &thing_said, &thing);
                }
}

/* bytes: of one of their headers */
static inline void say(const char *keys, int times, size_t bytes)
{
        check_int(things_do(t.store, say_some, &(struct said_keys){keys, times, bytes}),
                  ERROR_NONE);
}

static inline void publish_dead_letter(struct unit *unit, void *arg)
{
        struct text headers = text_open(unit_arena(unit), 100);

        (void)arg;
        packed_headers_add(&headers, PACKED_FOR_OUTBOX, "ce_type", "\xff raw", 5);
        unit_publish(unit, "error.mall.things", "k", "{", 1, &headers);
}

static inline void say_dead(void)
{
        check_int(things_do(t.store, publish_dead_letter, NULL), ERROR_NONE);
}

static inline size_t heard_count(char key)
{
        size_t count = 0;

        pthread_mutex_lock(&bus.lock);
        for (size_t i = 0; i < bus.count; i++)
                count += !key || bus.heard[i].key == key;
        pthread_mutex_unlock(&bus.lock);
        return count;
}

static inline void wait_until_heard(char key, size_t count)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        while (heard_count(key) < count && clock_mono_us() < end_at)
                usleep(1000);
        check_int((int64_t)heard_count(key), (int64_t)count);
}

static inline void wait_until_heard_some(char key)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        while (!heard_count(key) && clock_mono_us() < end_at)
                usleep(1000);
        check(heard_count(key) > 0);
}

static inline void wait_until_pending(int64_t count)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        while (outbox_pending(t.store) != count && clock_mono_us() < end_at)
                usleep(1000);
        check_int(outbox_pending(t.store), count);
}

/* ... and removed from the table. */
static inline void wait_until_gone(void)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        wait_until_pending(0);
        while (*things_waiting(t.store, t.arena) && clock_mono_us() < end_at)
                usleep(1000);
        check_text(things_waiting(t.store, t.arena), "");
}

/* Each key's records in their order, each once. */
static inline void heard_once(void)
{
        int last[128] = {0};

        wait_until_gone();
        for (size_t i = 0; i < bus.count; i++)
                check_int(bus.heard[i].number, ++last[(int)bus.heard[i].key]);
        for (int key = 'a'; key <= 'z'; key++)
                check_int(last[key], t.said[key]);
}

/* The same, but a record that was given back may have landed before; what lands in the end is in
   order. */
static inline void landed_in_order(void)
{
        int last[128] = {0};

        wait_until_gone();
        for (size_t i = 0; i < bus.count; i++) {
                int *of = &last[(int)bus.heard[i].key];

                check(bus.heard[i].number <= *of + 1);
                *of = bus.heard[i].number;
        }
        for (int key = 'a'; key <= 'z'; key++)
                check_int(last[key], t.said[key]);
}

static inline double metric(const char *line)
{
        struct text out = text_open(t.arena, 10000);
        const char *at;

        metrics_prometheus(t.metrics, false, &out);
        at = strstr(out.at, line);
        return at ? atof(at + strlen(line)) : -1;
}

#endif
