/* relay_steps - for tests only: the relay step by step, on the test's own thread. The bus is the
   test's own and gives the answers that the story has set; bus.c is not linked. */
#ifndef TESTING_RELAY_STEPS_H
#define TESTING_RELAY_STEPS_H

#include "base/clock.h"
#include "event/relay_inside.h"
#include "testing/thing.h"

enum { MOST = 10000, HOUR_US = 1000000000, LONG_MS = 1000 * 1000 };

static struct {
        int parts;
        bool fails, gave_up;
        int64_t handed[MOST]; /* ids */
        struct bus_result answers[MOST];
        size_t sends, count, answered, given; /* given: answers handed out */
        int wait_ms;                          /* of the last look for answers */
        size_t looks;
        bool listened; /* at that look */
        bool lands;    /* all that is sent, at once */
        size_t woken;
        void (*when_sent)(void);    /* after each send */
        void (*when_waiting)(void); /* at each look that waits */
        void (*when_asked)(void);   /* in bus_parts */
} bus;

static char filling[RELAY_WINDOW];
static struct store *store;
static struct relay r;

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
        if (bus.when_asked)
                bus.when_asked();
        if (!bus.parts)
                error_set(error, ERROR_UNAVAILABLE, "no parts");
        return bus.parts;
}

int bus_lane(struct bus *at, const char *topic, const char *key, size_t key_len)
{
        (void)at;
        return topic ? BUS_OWN_LANES : key_len ? key[0] % bus.parts : 0;
}

bool bus_send(struct bus *at, const struct record *records, size_t count, struct error *error)
{
        (void)at;
        bus.sends++;
        if (bus.fails)
                return error_set(error, ERROR_UNAVAILABLE, "sends fail");
        for (size_t i = 0; i < count; i++)
                bus.handed[bus.count++] = records[i].tag;
        for (size_t i = 0; i < count && bus.lands; i++)
                bus.answers[bus.answered++] =
                        (struct bus_result){records[i].tag, BUS_PUBLISHED, NULL};
        if (bus.when_sent)
                bus.when_sent();
        return true;
}

size_t bus_results(struct bus *at, struct bus_result *results, size_t most, int wait_ms,
                   struct error *error)
{
        size_t count = 0;

        (void)at, (void)error;
        bus.wait_ms = wait_ms;
        bus.listened = r.listening;
        bus.looks++;
        if (wait_ms > 0 && bus.when_waiting)
                bus.when_waiting();
        while (count < most && bus.given < bus.answered)
                results[count++] = bus.answers[bus.given++];
        return count;
}

void bus_give_up(struct bus *at)
{
        (void)at;
        bus.gave_up = true;
}

void bus_wake(struct bus *at)
{
        (void)at;
        bus.woken++;
}

bool bus_topic_is_valid(const char *topic)
{
        return topic[0];
}

/* ---- what stories have in common ---- */

/* shared: the relay does not tell the store what was sent */
static inline void begin(bool shared)
{
        struct error e = {0};

        memset(&bus, 0, sizeof bus);
        memset(&r, 0, sizeof r);
        bus.parts = 3;
        store = store_open(&(struct store_config){.url = things_url(),
                                                  .service = "things",
                                                  .entities = thing_entities,
                                                  .readers = 1},
                           &e);
        check_text(e.text, "");
        r.store = store;
        r.bus = (struct bus *)&bus;
        r.shared = shared;
        pthread_mutex_init(&r.lock, NULL);
        pthread_cond_init(&r.work, NULL);
        relay_flights_open(&r);
        check(relay_look_at_bus(&r));
}

static inline void end(void)
{
        relay_flights_close(&r);
        for (int i = 0; i < OUTBOX_PARTS; i++)
                check_int((int64_t)r.of_part[i], 0);
        pthread_mutex_destroy(&r.lock);
        pthread_cond_destroy(&r.work);
        store_close(&store);
}

static inline struct outbox_record record(const char *key, int64_t id, size_t len)
{
        return (struct outbox_record){.id = id,
                                      .at = 1000 + id,
                                      .part = (int)(id % OUTBOX_PARTS),
                                      .key = key,
                                      .value = filling,
                                      .value_len = len,
                                      .headers = "",
                                      .topic = *key == '!' ? "error.mall.things" : NULL};
}

static inline struct lane *lane(const char *key)
{
        struct outbox_record o = record(key, 1, 0);

        return relay_lane_of(&r, &o);
}

/* Its lane does not stand still, however long this process is held up. */
static inline enum offer offer_record(const char *key, int64_t id, size_t len)
{
        struct outbox_record o = record(key, id, len);
        enum offer offered;

        lane(key)->moved_at = clock_mono_us() + HOUR_US;
        offered = relay_offer(&r, &o);
        lane(key)->moved_at = clock_mono_us() + HOUR_US;
        return offered;
}

static inline enum offer offer(const char *key, int64_t id)
{
        return offer_record(key, id, 0);
}

/* bytes: as the window counts them */
static inline enum offer offer_large(const char *key, int64_t id, size_t bytes)
{
        return offer_record(key, id, bytes - RELAY_RECORD - 1);
}

static inline void answer(int64_t id, enum publish_result result)
{
        bus.answers[bus.answered++] = (struct bus_result){id, result, "so it is told"};
}

static inline void land_from(size_t first)
{
        relay_send(&r);
        for (size_t i = first; i < bus.count; i++)
                answer(bus.handed[i], BUS_PUBLISHED);
        relay_collect(&r, 0, false);
}

static inline struct flight *flight(int64_t id)
{
        return *relay_find(&r, id);
}

static inline int64_t oldest(void)
{
        relay_note_oldest(&r);
        return r.oldest_at;
}

static inline void say_some(struct unit *unit, void *arg)
{
        for (int i = 0; i < *(int *)arg; i++)
                unit_announce(unit, &thing_said, &(struct thing){.name = "a"});
}

static inline void say(int times)
{
        check_int(things_do(store, say_some, &times), ERROR_NONE);
}

/* ---- the rounds of a relay from memory ---- */

static inline void open_relay(void)
{
        begin(false);
        bus.lands = true;
        outbox_on_commit(store, relay_committed, &r);
}

static inline void close_relay(void)
{
        outbox_on_commit(store, NULL, NULL);
        outbox_batches_free(r.first);
        end();
}

static inline void out_of_time(void)
{
        r.closing = true;
        r.give_up = 0;
}

static inline void run_out_of_time(void)
{
        out_of_time();
        relay_from_memory(&r);
        r.closing = false;
}

/* Runs the rounds until there is no more to do. */
static inline void run_to_the_end(void)
{
        r.closing = true;
        r.give_up = clock_mono_us() + HOUR_US;
        relay_from_memory(&r);
        r.closing = false;
}

static inline void say_keys(struct unit *unit, void *arg)
{
        for (const char *key = arg; *key; key++)
                unit_announce(unit, &thing_said, &(struct thing){.name = (char[]){*key, '\0'}});
}

static inline void say_each(const char *keys)
{
        check_int(things_do(store, say_keys, (void *)(uintptr_t)keys), ERROR_NONE);
}

/* The relay is not told of these commits. */
static inline void say_unheard(const char *keys)
{
        outbox_on_commit(store, NULL, NULL);
        say_each(keys);
        outbox_on_commit(store, relay_committed, &r);
}

/* The ids handed over, in order: " 1 2 3" */
static inline const char *handed(void)
{
        static char all[1000];
        size_t len = 0;

        all[0] = '\0';
        for (size_t i = 0; i < bus.count && len < sizeof all - 20; i++)
                len += (size_t)snprintf(all + len, sizeof all - len, " %lld",
                                        (long long)bus.handed[i]);
        return all;
}

/* The first one is under way by then, and lands now. */
static inline void the_first_lands(void)
{
        bus.when_waiting = NULL;
        bus.lands = true;
        answer(1, BUS_PUBLISHED);
}

/* One record is handed over and under way; next, the bus sees the relay wait for its result. */
static inline void run_with_one_flying(void (*when_waiting)(void))
{
        bus.lands = false;
        bus.when_waiting = when_waiting;
        say_each("a");
        run_to_the_end();
}

#endif
