/* relay_looks - for tests of relay_parts.c only: the relay of a shared store, which stands still
   at each of its waits until the test lets time go on. PostgreSQL is real. The bus and the clock
   are the test's own: this file replaces clock.h and the publishing half of bus.h. */
#ifndef TESTING_RELAY_LOOKS_H
#define TESTING_RELAY_LOOKS_H

#include "event/relay_inside.h"

#include "base/clock.h"
#include "base/hash.h"
#include "testing/thing.h"

enum {
        LANES = 26, /* by a key's first letter */
        HEARD_MOST = 20000,
        LOOK_MS = 20,
        SECOND_US = 1000 * 1000,
        CLOSE_MS = 5000,
        PATIENCE_S = 30,
        LARGE = 200 * 1000,
        PAGE_OF_PART = RELAY_PAGE / OUTBOX_PARTS, /* what a page has of each part */
};

/* What the bus does with a lane's records from now on. */
enum fate { LAND, HOLD, RETURN, REFUSE };

/* Belongs to the relay's thread, and to the test while the relay stands still. */
static struct {
        int parts;
        enum fate fate[LANES];
        struct looked_at {
                int64_t id;
                int lane;
                bool answered;
        } heard[HEARD_MOST];
        size_t count;
        int asked;        /* how often bus_parts was called: once for each page with records */
        int64_t takes_us; /* that bus_parts takes */
        _Atomic int wakes;
        bool gave_up, lands_at_last;
} bus;

static struct {
        _Atomic int64_t us;
        _Atomic int64_t wall_ms;
        _Atomic bool free; /* time goes on by itself */
        sem_t stands, go;
        int ms; /* what the relay waits for */
        bool on_bus;
} now;

static struct {
        struct store *store;
        struct relay *relay;
        struct arena *arena;
        struct outbox_parts *other; /* another process's */
} t;

/* ---- the clock ---- */

static inline void stand(int64_t ms, bool on_bus)
{
        if (now.free) {
                now.us += ms * 1000;
                return;
        }
        now.ms = (int)ms;
        now.on_bus = on_bus;
        sem_post(&now.stands);
        while (sem_wait(&now.go) != 0)
                ;
}

int64_t clock_mono_us(void)
{
        return now.us;
}

int64_t clock_wall_ms(void)
{
        return now.wall_ms;
}

int64_t clock_wall_ns(void)
{
        return now.wall_ms * 1000000;
}

void clock_set_wall_ms(int64_t ms)
{
        now.wall_ms = ms;
}

void clock_rfc3339(int64_t wall_ms, char text[CLOCK_RFC3339])
{
        snprintf(text, CLOCK_RFC3339, "2026-11-22T14:48:%02d.%03dZ", (int)(wall_ms / 1000 % 60),
                 (int)(wall_ms % 1000));
}

/* Callers wait until the time that it returns. Here they wait in this call, so none is left. */
struct timespec clock_after(int64_t ms)
{
        if (ms > 0)
                stand(ms, false);
        return (struct timespec){0};
}

/* ---- the bus ---- */

struct bus *bus_open_publisher(const struct bus_config *config, struct error *error)
{
        (void)config, (void)error;
        return (struct bus *)&bus;
}

void bus_close(struct bus **at, int wait_ms)
{
        (void)wait_ms;
        *at = NULL;
}

int bus_parts(struct bus *at, struct error *error)
{
        (void)at;
        bus.asked++;
        now.us += bus.takes_us;
        if (!bus.parts)
                error_set(error, ERROR_UNAVAILABLE, "no parts");
        return bus.parts;
}

int bus_lane(struct bus *at, const char *topic, const char *key, size_t key_len)
{
        (void)at, (void)topic, (void)key_len;
        return key[0] - 'a';
}

bool bus_send(struct bus *at, const struct record *records, size_t count, struct error *error)
{
        (void)at, (void)error;
        for (size_t i = 0; i < count; i++)
                bus.heard[bus.count++] =
                        (struct looked_at){.id = records[i].tag, .lane = records[i].key[0] - 'a'};
        return true;
}

static inline size_t answer(struct bus_result *results, size_t most)
{
        static const enum publish_result result_of[] = {
                [LAND] = BUS_PUBLISHED, [RETURN] = BUS_RETURNED, [REFUSE] = BUS_REFUSED};
        size_t count = 0;

        for (size_t i = 0; i < bus.count && count < most; i++) {
                struct looked_at *h = &bus.heard[i];
                enum fate fate = bus.fate[h->lane];

                if (h->answered || (fate == HOLD && !bus.gave_up))
                        continue;
                if (fate == HOLD)
                        fate = bus.lands_at_last ? LAND : RETURN;
                h->answered = true;
                results[count++] = (struct bus_result){h->id, result_of[fate], "so it is told"};
        }
        return count;
}

size_t bus_results(struct bus *at, struct bus_result *results, size_t most, int wait_ms,
                   struct error *error)
{
        size_t count = answer(results, most);

        (void)at, (void)error;
        if (count || wait_ms <= 0)
                return count;
        stand(wait_ms, true);
        return answer(results, most);
}

void bus_give_up(struct bus *at)
{
        (void)at;
        bus.gave_up = true;
}

/* Closing wakes it too: from then on it no longer stands still. */
void bus_wake(struct bus *at)
{
        (void)at;
        bus.wakes++;
        if (now.free)
                sem_post(&now.go);
}

bool bus_topic_is_valid(const char *topic)
{
        return topic[0];
}

/* ---- what stories have in common ---- */

static inline void wait_until_it_stands(void)
{
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += PATIENCE_S;
        check(sem_timedwait(&now.stands, &until) == 0);
}

/* Moves the time on by so many microseconds and lets the relay go on. */
static inline void step_by(int64_t us)
{
        now.us += us;
        sem_post(&now.go);
        wait_until_it_stands();
}

/* Lets the time pass that the relay waits for. */
static inline void step(void)
{
        step_by(now.ms * INT64_C(1000));
}

static inline void end(void)
{
        now.free = true;
        relay_close(&t.relay, CLOSE_MS);
        outbox_parts_close(&t.other);
        store_close(&t.store);
        arena_close(&t.arena);
}

static inline void start_relay(void)
{
        struct error e = {0};

        now.free = bus.gave_up = false;
        sem_init(&now.stands, 0, 0);
        sem_init(&now.go, 0, 0);
        t.relay = relay_open(&(struct relay_config){.store = t.store,
                                                    .bus = {.url = "ours", .client = "things"}},
                             &e);
        check_text(e.text, "");
        wait_until_it_stands();
}

/* False where the store belongs to one process. */
static inline bool begin(void)
{
        if (!db_url_is_shared(things_url()))
                return false;
        if (t.store)
                end(); /* the last story, if a failed check ended it */
        memset(&t, 0, sizeof t);
        memset(&bus, 0, sizeof bus);
        bus.parts = LANES;
        now.us = 1000 * INT64_C(1000000);
        now.wall_ms = 1795358923623;
        t.store = things_open();
        t.arena = arena_open();
        start_relay();
        return true;
}

struct said_times {
        const char *key;
        int times;
        size_t bytes;
};

static inline void say_some(struct unit *unit, void *arg)
{
        const struct said_times *s = arg;
        struct thing thing = {.name = s->key};

        if (s->bytes)
                thing.secret = memset(arena_alloc(unit_arena(unit), s->bytes + 1), 'x', s->bytes);
        for (int i = 0; i < s->times; i++)
                unit_announce(unit, &thing_said, &thing);
}

/* bytes: of one of their headers; value_max bounds only the value */
static inline void say_large(const char *key, int times, size_t bytes)
{
        check_int(things_do(t.store, say_some, &(struct said_times){key, times, bytes}),
                  ERROR_NONE);
}

static inline void say(const char *key, int times)
{
        say_large(key, times, 0);
}

static inline int part_of(const char *key)
{
        return (int)(hash_bytes(key, strlen(key)) % OUTBOX_PARTS);
}

/* A key in this letter's lane and that part. */
static inline const char *key_of(char letter, int part)
{
        for (int i = 0;; i++) {
                const char *key = arena_printf(t.arena, "%c%d", letter, i);

                if (part_of(key) == part)
                        return key;
        }
}

static inline int heard(char letter)
{
        int count = 0;

        for (size_t i = 0; i < bus.count; i++)
                count += bus.heard[i].lane == letter - 'a';
        return count;
}

static inline struct lane *lane(char letter)
{
        return &t.relay->lanes[letter - 'a'];
}

/* Another process is there, and takes the parts that it may. */
static inline int share_with_another(void)
{
        struct error e = {0};

        if (!t.other)
                t.other = outbox_parts_open(t.store);
        check(outbox_parts_share(t.other, NULL, &e));
        return outbox_parts_held(t.other);
}

static inline void end_session_of_relay(void)
{
        things_end_sessions("pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')");
}

#endif
