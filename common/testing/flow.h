/* flow - for tests of faults in the flow of events only: a store that announces, its relay, a bus,
   and an inbox that applies what was said to a store of its own, with one set of faults for the
   relay, the inbox and the store of who hears.

   Each number that was said of a key must be applied once, and in order. */
#ifndef TESTING_FLOW_H
#define TESTING_FLOW_H

#include "base/faults.h"
#include "event/inbox.h"
#include "event/relay.h"
#include "testing/bus_story.h"
#include "testing/thing.h"

enum { CLOSE_MS = 10 * 1000, LETTERS_MOST = 1000 };

static struct {
        struct store *sender, *hearer;
        struct relay *relay;
        struct inbox *inbox;
        struct faults *faults;
        struct metrics *metrics;
        struct arena *arena;
        const char *url;
        int said[128], all; /* by key */
} t;

static inline void apply_said(struct unit *unit, const struct event *event)
{
        struct thing *said = event_row(unit, event, &thing_shape);

        if (!unit_failed(unit))
                unit_add(unit, &thing_entity, said);
}

static const struct reaction flow_reactions[] = {{"ThingSaid", apply_said}, {NULL, NULL}};

static inline struct bus_config flow_bus(void)
{
        return (struct bus_config){
                .url = t.url, .client = "things", .partitions = 3, .metrics = t.metrics};
}

static inline void start_relay(void)
{
        struct error e = {0};

        t.relay = relay_open(
                &(struct relay_config){.store = t.sender, .bus = flow_bus(), .faults = t.faults},
                &e);
        check_text(e.text, "");
}

static inline struct inbox *open_inbox(struct faults *faults, struct metrics *metrics)
{
        struct bus_config bus = flow_bus();
        struct error e = {0};
        struct inbox *inbox;

        bus.metrics = metrics;
        inbox = inbox_open(&(struct inbox_config){.store = t.hearer,
                                                  .bus = bus,
                                                  .group = strrchr(t.url, '/') + 1,
                                                  .reactions = flow_reactions,
                                                  .metrics = metrics,
                                                  .faults = faults},
                           &e);

        check_text(e.text, "");
        return inbox;
}

static inline void start_inbox(void)
{
        t.inbox = open_inbox(t.faults, t.metrics);
}

static inline void end(void)
{
        inbox_close(&t.inbox, CLOSE_MS);
        relay_close(&t.relay, CLOSE_MS);
        store_close(&t.hearer);
        store_close(&t.sender);
        metrics_close(&t.metrics);
        faults_close(&t.faults);
        arena_close(&t.arena);
}

/* The relay runs; the story starts the inbox. */
static inline void begin(void)
{
        static char hearer[200];
        struct error e = {0};

        if (t.arena)
                end(); /* of a story that a failed check ended */
        memset(&t, 0, sizeof t);
        t.url = story_url();
        t.arena = arena_open();
        t.metrics = metrics_open();
        t.faults = faults_open(&(struct faults_config){.kinds = (UINT32_C(1) << FAULT_KINDS) - 1,
                                                       .metrics = t.metrics});
        t.sender = things_open();
        snprintf(hearer, sizeof hearer, "sqlite:%s/hearer.db", check_directory());
        t.hearer = store_open(&(struct store_config){.url = hearer,
                                                     .service = "hearer",
                                                     .entities = thing_entities,
                                                     .readers = 1,
                                                     .faults = t.faults},
                              &e);
        check_text(e.text, "");
        start_relay();
}

static inline int64_t switch_on(const char *json)
{
        struct error e = {0};
        int64_t fault = faults_add(t.faults, json_read(t.arena, json, strlen(json), &e), &e);

        check_text(e.text, "");
        return fault;
}

/* The sum of the series whose line begins like this. */
static inline int64_t number_in(struct metrics *metrics, const char *line)
{
        struct text page = text_open(t.arena, 10000);
        int64_t sum = 0;

        metrics_prometheus(metrics, false, &page);
        for (const char *at = page.at; (at = strstr(at, line)); at += strlen(line))
                if (at == page.at || at[-1] == '\n')
                        sum += atoll(strchr(at, ' ') + 1);
        return sum;
}

static inline int64_t struck(const char *kind)
{
        return number_in(t.metrics,
                         arena_printf(t.arena, "mall_faults_injected_total{kind=\"%s\"}", kind));
}

static inline int64_t duplicates(void)
{
        return number_in(t.metrics, "mall_events_duplicate_total{");
}

#define wait_for(question, count)                                                                  \
        do {                                                                                       \
                int64_t give_up_ = clock_mono_us() + PATIENCE_MS * 1000;                           \
                while ((question) < (count) && clock_mono_us() < give_up_)                         \
                        usleep(2000);                                                              \
                check_int((question), (count));                                                    \
        } while (0)

static inline void wait_until_struck(const char *kind)
{
        int64_t give_up = clock_mono_us() + PATIENCE_MS * 1000;

        while (!struck(kind) && clock_mono_us() < give_up)
                usleep(2000);
        check(struck(kind) > 0);
}

struct announced_keys {
        const char *keys;
        int times;
};

static inline void announce_all(struct unit *unit, void *arg)
{
        const struct announced_keys *s = arg;
        int said[128];

        memcpy(said, t.said, sizeof said);
        for (int i = 0; i < s->times; i++)
                for (const char *key = s->keys; *key; key++)
                        unit_announce(unit, &thing_said,
                                      &(struct thing){.name = (char[]){*key, '\0'},
                                                      .qty = {true, ++said[(int)*key]}});
}

/* "ab" 2: a1 b1 a2 b2, in one transaction. */
static inline void announce(const char *keys, int times)
{
        check_int(things_do(t.sender, announce_all, &(struct announced_keys){keys, times}),
                  ERROR_NONE);
        for (const char *key = keys; *key; key++)
                t.said[(int)*key] += times;
        t.all += (int)strlen(keys) * times;
}

static inline int64_t heard(void)
{
        return things_count(t.hearer);
}

/* All that was said, each key's in order, each once. */
static inline void hears_all(void)
{
        int last[128] = {0};

        wait_for(heard(), t.all);
        for (int64_t id = 1; id <= t.all; id++) {
                const struct thing *one = things_get(t.hearer, id, t.arena);

                check_int(one->qty.value, ++last[(int)one->name[0]]);
        }
        for (int key = 0; key < 128; key++)
                check_int(last[key], t.said[key]);
}

/* The dead letters of the hearer; NULL: only count them. */
static inline int64_t letters(struct outbox_record *found)
{
        struct outbox_record *all = arena_alloc(t.arena, LETTERS_MOST * sizeof *all);
        struct error e = {0};
        size_t count;
        int64_t dead = 0;

        check(outbox_read(t.hearer, 0, all, LETTERS_MOST, &count, t.arena, &e));
        for (size_t i = 0; i < count; i++) {
                if (found)
                        found[dead] = all[i];
                dead += all[i].topic != NULL;
        }
        return dead;
}

#endif
