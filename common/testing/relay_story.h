/* relay_story - for tests only: a relay on relay_bus.h, and what its stories have in common. */
#ifndef TESTING_RELAY_STORY_H
#define TESTING_RELAY_STORY_H

#include "testing/relay_bus.h"

enum {
        PATIENCE_US = 30 * 1000000,
        CLOSE_MS = 5000,
        LARGE = 200 * 1000,
};

static struct {
        struct store *store;
        struct relay *relay;
        struct metrics *metrics;
        struct arena *arena;
        struct faults *faults; /* of the relays that are started from now on */
        int said[128];
} t;

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
                                                    .metrics = t.metrics,
                                                    .faults = t.faults},
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
