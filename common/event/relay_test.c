/* Committed events come onto the bus: all of them, in order, in the form of data/event_form.h.
   On the event log. */
#include "event/relay.h"

#include "base/clock.h"
#include "event/eventlog.h"
#include "testing/thing.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* MANY: more than the relay keeps in memory */
enum {
        PATIENCE_US = 60 * 1000000,
        CLOSE_MS = 5000,
        THREADS = 4,
        EACH = 200,
        MANY = 24000,
        PORTION = 1000
};

static struct {
        struct store *store;
        struct relay *relay;
        struct metrics *metrics;
        struct eventlog *log;
        struct arena *arena;
} t;

static const char *log_path(void)
{
        static char path[200];

        snprintf(path, sizeof path, "%s/mall.log", check_directory());
        return path;
}

static void start_relay(void)
{
        char url[256];
        struct relay_config config = {
                .store = t.store, .bus = {.url = url, .client = "things"}, .metrics = t.metrics};
        struct error e = {0};

        snprintf(url, sizeof url, "log:%s", log_path());
        t.relay = relay_open(&config, &e);
        check_text(e.text, "");
}

/* Without a limit on an event's size, so that the bus refuses it. */
static void begin(void)
{
        struct error e = {0};

        t.store = store_open(&(struct store_config){.url = things_url(),
                                                    .service = things_service(),
                                                    .entities = thing_entities,
                                                    .readers = 1},
                             &e);
        check_text(e.text, "");
        t.metrics = metrics_open();
        t.arena = arena_open();
        t.log = eventlog_open(log_path(), EVENTLOG_READS, &e);
        check_text(e.text, "");
}

static void end(void)
{
        relay_close(&t.relay, CLOSE_MS);
        eventlog_close(&t.log);
        store_close(&t.store);
        metrics_close(&t.metrics);
        arena_close(&t.arena);
}

/* The topic's records, once there are so many. */
static struct record *published(const char *topic, size_t count)
{
        struct record *records = arena_alloc(t.arena, (count + 1) * sizeof *records);
        int64_t end_at = clock_mono_us() + PATIENCE_US;
        struct error e = {0};
        size_t got = 0;

        for (int64_t after = 0; got < count && clock_mono_us() < end_at;
             after = got ? records[got - 1].offset : 0) {
                size_t more = eventlog_read(t.log, topic, after, records + got, count + 1 - got,
                                            t.arena, &e);

                got += more;
                if (!more)
                        usleep(1000);
        }
        check_int((int64_t)got, (int64_t)count);
        return records;
}

/* ... and removed from the table, which happens when the relay is idle. */
static void wait_until_sent(void)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        while ((outbox_pending(t.store) > 0 || *things_waiting(t.store, t.arena)) &&
               clock_mono_us() < end_at)
                usleep(1000);
        check_int(outbox_pending(t.store), 0);
        check_text(things_waiting(t.store, t.arena), "");
}

static const char *text_of(const struct record *r)
{
        return arena_copy(t.arena, r->value, r->value_len);
}

static void is_header(const struct record *r, size_t i, const char *name, const char *value)
{
        check(i < r->header_count);
        check_text(r->headers[i].name, name);
        check_text(arena_copy(t.arena, r->headers[i].value, r->headers[i].len), value);
}

static void make_traced(struct unit *unit, void *thing)
{
        unit_add(unit, &thing_entity, thing);
        unit_trace(unit, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        unit_announce(unit, &thing_said, thing);
        unit_trace(unit, NULL);
        unit_announce(unit, &thing_made, thing);
}

static void an_event_is_exactly_so(void)
{
        struct thing thing = {.name = "가", .qty = {true, 5}, .secret = "/order/a"};
        struct record *r;

        begin();
        start_relay();
        clock_set_wall_ms(1795358923623);
        check_int(things_do(t.store, make_traced, &thing), ERROR_NONE);
        clock_set_wall_ms(0);
        r = published("mall", 2);
        check_text(text_of(&r[0]), "{\"eventType\":\"ThingSaid\",\"timestamp\":1795358923623,"
                                   "\"id\":1,\"name\":\"가\",\"qty\":5,\"big\":null}");
        check_text(arena_copy(t.arena, r[0].key, r[0].key_len), "가");
        check_int(r[0].timestamp_ms, 1795358923623);
        is_header(&r[0], 0, "contentType", "\"application/json\"");
        is_header(&r[0], 1, "spring_json_header_types", "{\"contentType\":\"java.lang.String\"}");
        is_header(&r[0], 2, "ce_specversion", "1.0");
        is_header(&r[0], 3, "ce_id", "1");
        is_header(&r[0], 4, "ce_source", store_source(t.store));
        is_header(&r[0], 5, "ce_type", "ThingSaid");
        is_header(&r[0], 6, "ce_time", "2026-11-22T14:48:43.623Z");
        is_header(&r[0], 7, "ce_subject", "1");
        is_header(&r[0], 8, "ce_secret", "/order/a");
        is_header(&r[0], 9, "traceparent",
                  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        check_int((int64_t)r[0].header_count, 10);
        is_header(&r[1], 3, "ce_id", "2");
        is_header(&r[1], 8, "ce_secret", "/order/a");
        check_int((int64_t)r[1].header_count, 9); /* no trace */
        check_text(arena_copy(t.arena, r[1].key, r[1].key_len), "1");
        wait_until_sent();
        end();
}

static void an_event_without_key_has_none(void)
{
        struct record *r;

        begin();
        start_relay();
        things_add(t.store, NULL);
        r = published("mall", 1);
        check(r->key == NULL);
        end();
}

static void *say_each(void *arg)
{
        const char *name = arg;

        for (int i = 0; i < EACH; i++) {
                struct thing thing = {.name = name, .qty = {true, i}};

                if (things_do(t.store, thing_add_and_say, &thing) != ERROR_NONE)
                        abort();
        }
        return NULL;
}

/* The number in ,"qty":N */
static int qty_of(const struct record *r)
{
        return atoi(strstr(text_of(r), "\"qty\":") + 6);
}

static void each_key_keeps_its_order(void)
{
        static char keys[THREADS][2] = {"a", "b", "c", "d"};
        pthread_t threads[THREADS];
        struct record *r;
        int next[THREADS] = {0};

        begin();
        start_relay();
        for (int i = 0; i < THREADS; i++)
                check(pthread_create(&threads[i], NULL, say_each, keys[i]) == 0);
        for (int i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        r = published("mall", THREADS * EACH);
        for (int i = 0; i < THREADS * EACH; i++)
                check_int(qty_of(&r[i]), next[*r[i].key - 'a']++);
        wait_until_sent();
        end();
}

static void an_earlier_life_is_published_first(void)
{
        struct record *r;
        int all = 0;

        begin();
        things_add(t.store, "a");
        things_add(t.store, "b");
        end();
        begin();
        check_int(outbox_pending(t.store), 2);
        things_add(t.store, "c");
        start_relay();
        things_add(t.store, "d");
        r = published("mall", 4);
        for (int i = 0; i < 4; i++) {
                check_int((int64_t)r[i].key_len, 1);
                all |= 1 << (*r[i].key - 'a');
                check(*r[i].key == 'a' + i ||
                      store_is_shared(t.store)); /* there only a key has an order */
        }
        check_int(all, 15);
        wait_until_sent();
        end();
}

/* No other process can write to the log meanwhile. */
static struct db *block_bus(void)
{
        struct error e = {0};
        struct db *db;
        char url[256];

        snprintf(url, sizeof url, "sqlite:%s", log_path());
        db = db_open(url, "log", DB_READER, &e); /* a writer would also take the log's lock */
        check(db && db_exec(db, "PRAGMA query_only = OFF; BEGIN IMMEDIATE", &e));
        return db;
}

static void unblock_bus(struct db *db)
{
        struct error e = {0};

        check(db_exec(db, "ROLLBACK", &e));
        db_close(&db);
}

static void say_portion(struct unit *unit, void *arg)
{
        int *next = arg;

        for (int i = 0; i < PORTION; i++) {
                struct thing thing = {.name = "k", .qty = {true, (*next)++}};

                unit_announce(unit, &thing_said, &thing);
        }
}

static void records_that_memory_cannot_hold_come_from_the_table(void)
{
        struct record *r;
        struct db *blocker;
        int next = 0;

        begin();
        start_relay();
        things_add(t.store, "first");
        published("mall", 1);
        blocker = block_bus();
        while (next < MANY)
                check_int(things_do(t.store, say_portion, &next), ERROR_NONE);
        check(outbox_pending(t.store) >= MANY);
        unblock_bus(blocker);
        check_int(things_do(t.store, say_portion, &next), ERROR_NONE); /* while it catches up */
        r = published("mall", 1 + MANY + PORTION);
        for (int i = 0; i < MANY + PORTION; i++)
                check_int(qty_of(&r[i + 1]), i);
        wait_until_sent();
        end();
}

static void a_bus_that_is_away_costs_no_request(void)
{
        struct db *blocker;
        int64_t before;

        begin();
        start_relay();
        things_add(t.store, "a");
        published("mall", 1);
        wait_until_sent();
        blocker = block_bus();
        before = clock_mono_us();
        for (int i = 0; i < 20; i++)
                things_add(t.store, "b");
        check(clock_mono_us() - before < PATIENCE_US / 4);
        before = clock_mono_us();
        relay_close(&t.relay, 300);
        check(clock_mono_us() - before < PATIENCE_US / 4);
        unblock_bus(blocker);
        check_int(outbox_pending(t.store), 20);
        start_relay();
        published("mall", 21);
        wait_until_sent();
        end();
}

static void say_too_much(struct unit *unit, void *arg)
{
        struct thing large = {.row.id = 1,
                              .name = arena_alloc(unit_arena(unit), BUS_VALUE_MAX + 1)},
                     small = {.row.id = 2, .name = "small"};

        (void)arg;
        memset((void *)(uintptr_t)large.name, 'x', BUS_VALUE_MAX);
        unit_announce(unit, &thing_made, &large);
        unit_announce(unit, &thing_made, &small);
}

static void a_record_that_the_bus_refuses_is_parked(void)
{
        struct record *r;

        begin();
        start_relay();
        check_int(things_do(t.store, say_too_much, NULL), ERROR_NONE);
        r = published("mall", 1);
        check_text(arena_copy(t.arena, r->key, r->key_len), "2"); /* the later one is published */
        wait_until_sent();
        end();
        begin();
        start_relay();
        things_add(t.store, "later");
        published("mall", 2); /* and not again at the next start */
        wait_until_sent();
        end();
}

static void publish_dead_letter(struct unit *unit, void *arg)
{
        struct text headers = text_open(unit_arena(unit), 100);

        (void)arg;
        packed_headers_add(&headers, PACKED_FOR_OUTBOX, "x-original-topic", "mall", 4);
        unit_publish(unit, "error.mall.things", NULL, "\xff\0{", 3, &headers);
}

static void a_dead_letter_goes_to_its_topic(void)
{
        struct record *r;

        begin();
        start_relay();
        check_int(things_do(t.store, publish_dead_letter, NULL), ERROR_NONE);
        r = published("error.mall.things", 1);
        check(r->value_len == 3 && memcmp(r->value, "\xff\0{", 3) == 0);
        check_int((int64_t)r->header_count, 1); /* none but its own */
        is_header(r, 0, "x-original-topic", "mall");
        wait_until_sent();
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_event_is_exactly_so),
                STORY(an_event_without_key_has_none),
                STORY(each_key_keeps_its_order),
                STORY(an_earlier_life_is_published_first),
                STORY(records_that_memory_cannot_hold_come_from_the_table),
                STORY(a_bus_that_is_away_costs_no_request),
                STORY(a_record_that_the_bus_refuses_is_parked),
                STORY(a_dead_letter_goes_to_its_topic),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
