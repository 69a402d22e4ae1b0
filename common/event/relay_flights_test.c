/* The relay on a bus of the test's own, which takes, keeps, answers, gives back and refuses what it is told to. This file is the whole of
   bus.h's publishing half: bus.c is not linked. */
#include "event/relay_inside.h"

#include "base/clock.h"
#include "data/thing.h"

#include <stdlib.h>
#include <unistd.h>

enum {
        PATIENCE_US = 30 * 1000000,
        CLOSE_MS = 5000,
        HELD_MOST = 100000,
        LARGE = 200 * 1000,
};

/* One record that was handed over. */
struct heard {
        char key; /* '!': a dead letter */
        int64_t id;
        int number; /* its qty */
        size_t bytes;
        bool answered;
};

/* What becomes of records of a key from now on. */
enum fate { LAND, HOLD, RETURN, REFUSE, CLOSE };

static struct {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        int parts, parts_told;
        bool fails;          /* bus_send takes nothing */
        enum fate fate[128]; /* by key */
        int only[128];       /* ... for so many of them, or so often; then they land. 0: for all */
        struct heard heard[HELD_MOST];
        size_t count, told; /* results were looked for in the first `told` */
        bool woken, gave_up;
        size_t flying, flying_most; /* bytes that wait for an answer */
        size_t sends, largest_send; /* bytes */
        void (*when_sent)(void); /* once, behind the next send, on the relay's thread */
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

struct bus *bus_open_reader(const struct bus_config *config, const char *group, struct error *error)
{
        (void)config, (void)group, (void)error;
        return NULL;
}

void bus_close(struct bus **at, int wait_ms)
{
        (void)wait_ms;
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
                struct heard *h = &bus.heard[bus.count++];

                *h = (struct heard){.key = r->topic ? '!' : r->key_len ? r->key[0] : '-', .id = r->tag, .bytes = r->value_len};
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

static struct bus_result answer_one(struct heard *h, enum publish_result result)
{
        h->answered = true;
        bus.flying -= h->bytes < bus.flying ? h->bytes : bus.flying;
        return (struct bus_result){h->id, result, "so it is told"};
}

static void once_less(char key)
{
        if (bus.only[(int)key] && --bus.only[(int)key] == 0)
                bus.fate[(int)key] = LAND;
}

/* As a session that ends: all that is under way of a key is given back, and what comes later is not. */
static size_t give_back(char key, struct bus_result *results, size_t most)
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
static size_t answer(struct bus_result *results, size_t most)
{
        size_t count = 0;

        for (size_t i = bus.told; i < bus.count && count < most; i++) {
                struct heard *h = &bus.heard[i];
                enum fate fate = bus.fate[(int)h->key];

                if (!h->answered && fate == RETURN) {
                        count += give_back(h->key, results + count, most - count);
                } else if (!h->answered && (fate != HOLD || bus.gave_up)) {
                        results[count++] = answer_one(h, fate == HOLD ? BUS_RETURNED : result_of[fate]);
                        once_less(h->key);
                }
                if (h->answered && i == bus.told)
                        bus.told++;
        }
        return count;
}

size_t bus_results(struct bus *at, struct bus_result *results, size_t most, int wait_ms, struct error *error)
{
        struct timespec until = clock_after(wait_ms);
        size_t count;

        (void)at;
        error->kind = ERROR_NONE;
        pthread_mutex_lock(&bus.lock);
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
        pthread_cond_signal(&bus.changed);
        pthread_mutex_unlock(&bus.lock);
}

size_t bus_poll(struct bus *at, struct record *records, size_t most, int wait_ms, struct arena *arena, struct error *error)
{
        (void)at, (void)records, (void)most, (void)wait_ms, (void)arena, (void)error;
        return 0;
}

bool bus_commit(struct bus *at, struct error *error)
{
        (void)at, (void)error;
        return true;
}

void bus_idle(struct bus *at, int wait_ms)
{
        (void)at, (void)wait_ms;
}

bool bus_topic_is_valid(const char *topic)
{
        return topic[0];
}

/* ---- what stories have in common ---- */

static void set(void (*change)(int), int arg)
{
        pthread_mutex_lock(&bus.lock);
        change(arg);
        pthread_cond_signal(&bus.changed);
        pthread_mutex_unlock(&bus.lock);
}

static void set_parts(int parts) { bus.parts = parts; }
static void set_fails(int fails) { bus.fails = fails; }

/* only: for so many; 0: for all */
static void doom(char key, enum fate fate, int only)
{
        pthread_mutex_lock(&bus.lock);
        bus.fate[(int)key] = fate;
        bus.only[(int)key] = only;
        pthread_cond_signal(&bus.changed);
        pthread_mutex_unlock(&bus.lock);
}

static void start_relay(void)
{
        struct error e = {0};

        bus.gave_up = false;
        metrics_close(&t.metrics); /* who asked to be called at a scrape is called for as long as it lives */
        t.metrics = metrics_open();
        t.relay = relay_open(&(struct relay_config){.store = t.store, .bus = {.url = "ours", .client = "things"}, .metrics = t.metrics}, &e);
        check_text(e.text, "");
}

static void end(void)
{
        relay_close(&t.relay, CLOSE_MS);
        store_close(&t.store);
        metrics_close(&t.metrics);
        arena_close(&t.arena);
}

static void begin(void)
{
        struct error e = {0};

        if (t.store)
                end(); /* of a story that a failed check ended in its middle */
        memset(&t, 0, sizeof t);
        memset(bus.fate, 0, sizeof bus.fate);
        memset(bus.only, 0, sizeof bus.only);
        bus.count = bus.told = bus.flying = bus.flying_most = bus.sends = bus.largest_send = 0;
        bus.parts = 3;
        bus.fails = bus.woken = false;
        t.store = store_open(&(struct store_config){.url = things_url(), .service = things_service(), .entities = thing_entities, .readers = 1}, &e);
        check_text(e.text, "");
        t.arena = arena_open();
        start_relay();
}

struct saying {
        const char *keys;
        int times;
        size_t bytes;
};

static void say_some(struct unit *unit, void *arg)
{
        const struct saying *s = arg;
        char *filling = s->bytes ? arena_alloc(unit_arena(unit), s->bytes + 1) : NULL;

        if (filling)
                memset(filling, 'x', s->bytes);
        for (int i = 0; i < s->times; i++)
                for (const char *key = s->keys; *key; key++) {
                        char name[2] = {*key};
                        struct thing thing = {.name = name, .secret = filling, .qty = {true, ++t.said[(int)*key]}};

                        unit_announce(unit, &thing_said, &thing);
                }
}

/* bytes: what a header of theirs has */
static void say(const char *keys, int times, size_t bytes)
{
        check_int(things_do(t.store, say_some, &(struct saying){keys, times, bytes}), ERROR_NONE);
}

static void publish_dead_letter(struct unit *unit, void *arg)
{
        struct text headers = text_open(unit_arena(unit), 100);

        (void)arg;
        headers_pack(&headers, HEADERS_OF_OUTBOX, "ce_type", "\xff raw", 5);
        unit_publish(unit, "error.mall.things", "k", "{", 1, &headers);
}

static void say_dead(void)
{
        check_int(things_do(t.store, publish_dead_letter, NULL), ERROR_NONE);
}

static size_t heard_count(char key)
{
        size_t count = 0;

        pthread_mutex_lock(&bus.lock);
        for (size_t i = 0; i < bus.count; i++)
                count += !key || bus.heard[i].key == key;
        pthread_mutex_unlock(&bus.lock);
        return count;
}

static void wait_until_heard(char key, size_t count)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        while (heard_count(key) < count && clock_mono_us() < end_at)
                usleep(1000);
        check_int((int64_t)heard_count(key), (int64_t)count);
}

static void wait_until_heard_some(char key)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        while (!heard_count(key) && clock_mono_us() < end_at)
                usleep(1000);
        check(heard_count(key) > 0);
}

static void wait_until_pending(int64_t count)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        while (outbox_pending(t.store) != count && clock_mono_us() < end_at)
                usleep(1000);
        check_int(outbox_pending(t.store), count);
}

/* And out of the table. */
static void wait_until_gone(void)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        wait_until_pending(0);
        while (*things_waiting(t.store, t.arena) && clock_mono_us() < end_at)
                usleep(1000);
        check_text(things_waiting(t.store, t.arena), "");
}

/* Each key's in their order, each once. */
static void heard_once(void)
{
        int last[128] = {0};

        wait_until_gone();
        for (size_t i = 0; i < bus.count; i++)
                check_int(bus.heard[i].number, ++last[(int)bus.heard[i].key]);
        for (int key = 'a'; key <= 'z'; key++)
                check_int(last[key], t.said[key]);
}

/* The same, but what was given back may be there before it came again; what lands for good is in order. */
static void landed_in_order(void)
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

static bool is_shared(void)
{
        return store_is_shared(t.store);
}

static double metric(const char *line)
{
        struct text out = text_open(t.arena, 10000);
        const char *at;

        metrics_prometheus(t.metrics, false, &out);
        at = strstr(out.at, line);
        return at ? atof(at + strlen(line)) : -1;
}

/* ---- stories ---- */

static void all_is_heard_once(void)
{
        begin();
        say("abcdef", 1, 0);
        say("abcdef", 2000, 0); /* more than a page */
        say("a", 1, 0);
        heard_once();
        end();
}

static void memory_is_bounded_in_bytes(void)
{
        begin();
        doom('a', HOLD, 0);
        say("a", 30, LARGE);
        wait_until_heard(0, RELAY_WINDOW / 2 / (LARGE + RELAY_RECORD) + 1); /* half of the window, since it is alone */
        say("a", 30, LARGE);
        usleep(1500 * 1000);
        check(bus.flying_most <= RELAY_WINDOW / 2 + LARGE);
        doom('a', LAND, 0);
        heard_once();
        check(bus.largest_send <= OUTBOX_PAGE + 2 * LARGE);
        end();
}

static struct outbox_batch *batch_of(int64_t id, size_t bytes)
{
        struct outbox_batch *b = memory_alloc(sizeof *b);

        b->arena = arena_open();
        b->records = arena_alloc(b->arena, sizeof *b->records);
        b->records[0] = (struct outbox_record){.id = id, .at = 100 + id, .value_len = bytes};
        b->count = 1;
        return b;
}

/* Of a relay that does not come to take it. */
static void what_waits_in_memory_is_bounded_too(void)
{
        struct relay r = {.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER};
        size_t before = 0;

        for (int64_t id = 7; id < 10; id++) {
                relay_committed(&r, batch_of(id, RELAY_MEMORY / 4));
                check(r.memory >= before + RELAY_MEMORY / 4 && r.memory <= RELAY_MEMORY);
                before = r.memory;
        }
        check_int(r.overflowed, 0);
        check(r.first && r.first->next && r.end == r.first->next->next);
        relay_committed(&r, batch_of(10, RELAY_MEMORY / 4)); /* what batches take besides is too much now */
        check(!r.first && !r.memory);
        check_int(r.overflowed, 7);
        check_int(r.overflowed_at, 107);
        relay_committed(&r, batch_of(11, 1));
        relay_committed(&r, batch_of(12, 2 * RELAY_MEMORY));
        check(!r.first && !r.memory);
        check_int(r.overflowed, 7); /* the first of all */
        for (int64_t id = 13; id < 13 + 3000; id++)
                relay_committed(&r, batch_of(id, 0)); /* small ones cost as well */
        check(r.first && r.first->records[0].id > 13);
        relay_free_batches(r.first);
}

/* However many: the rest has something of the window left. */
static void what_stands_still_holds_up_nothing_else(void)
{
        begin();
        doom('a', HOLD, 0); /* 'a' % 3 is 1, as that of 'd' */
        doom('b', HOLD, 0); /* 2 */
        say("abc", 60, LARGE);
        wait_until_heard('c', 60);
        say("abc", 60, LARGE);
        wait_until_heard('c', 120);
        say("c", 10, 0);
        wait_until_heard('c', 130);
        check(heard_count('a') < 120 && heard_count('b') < 120);
        wait_until_pending(240);
        doom('b', LAND, 0);
        wait_until_heard('b', 120);
        say("abc", 1, 0);
        wait_until_heard('b', 121);
        doom('a', LAND, 0);
        heard_once();
        end();
}

static void all_but_one_may_stand_still(void)
{
        static const char still[] = "bcdef";

        begin();
        set(set_parts, 26);
        for (const char *key = still; *key; key++)
                doom(*key, HOLD, 0);
        for (const char *key = still; *key; key++) { /* one after the other takes half of what is left */
                say((char[]){*key, '\0'}, 6, 4 * LARGE);
                wait_until_heard_some(*key);
        }
        say("a", 10, LARGE);
        wait_until_heard('a', 10);
        check(bus.flying_most <= RELAY_WINDOW_MOST + 4 * LARGE);
        for (const char *key = still; *key; key++)
                doom(*key, LAND, 0);
        heard_once();
        end();
}

/* A long backlog in a database that others use, too. */
static void who_can_do_nothing_looks_seldom(void)
{
        int64_t long_ago = clock_mono_us() - 10 * 1000 * 1000;
        struct relay r = {.parts = 2, .lanes = {{.flying = 1, .moved_at = long_ago}, {.flying = 1, .moved_at = long_ago}}};

        r.counts[FLYING] = 2;
        check_int(relay_more_rest(&r, 100), 1500);
        r.lanes[1].moved_at = clock_mono_us() + 60 * 1000 * 1000;
        check_int(relay_more_rest(&r, 100), 0);
        r.lanes[1].moved_at = long_ago;
        r.parts = 3; /* one that has nothing under way */
        check_int(relay_more_rest(&r, 100), 0);
        r.parts = 2;
        r.counts[FLYING] = 0; /* no result will come */
        r.lanes[0] = r.lanes[1] = (struct lane){.closed_until = clock_mono_us() + 60 * 1000 * 1000};
        check_int(relay_more_rest(&r, 100), 0);
}

/* Who dies in the midst of a long backlog leaves little that comes twice, and what is known of it takes little memory. */
static void what_is_published_is_soon_removed(void)
{
        enum { TIMES = 12000, FLYING_MOST = RELAY_WINDOW / RELAY_RECORD };
        int64_t most = 0, pending = 3 * TIMES + 2, heard;

        begin();
        set(set_parts, 26);
        doom('d', HOLD, 0);
        say("d", 1, 0);
        wait_until_heard('d', 1);
        usleep(1500 * 1000);
        say("d", 1, 0); /* stays in the table: so it is read whole */
        say("abc", TIMES, 0);
        for (int64_t end_at = clock_mono_us() + PATIENCE_US; pending > 2 && clock_mono_us() < end_at;) {
                heard = (int64_t)heard_count(0);
                pending = outbox_pending(t.store);
                if (heard - (3 * TIMES + 2 - pending) > most)
                        most = heard - (3 * TIMES + 2 - pending);
        }
        doom('d', LAND, 0);
        check(most <= RELAY_UNREMOVED_MOST + RELAY_PAGE + FLYING_MOST);
        heard_once();
        end();
}

static void what_is_given_back_comes_again_in_order(void)
{
        begin();
        say("abc", 10, 0);
        wait_until_pending(0);
        doom('a', RETURN, 3);
        doom('b', RETURN, 1);
        say("abc", 10, 0);
        say("abc", 100, 0);
        landed_in_order();
        doom('a', RETURN, 1); /* while there is more to hand over */
        say("a", 3000, 0);
        landed_in_order();
        check(heard_count('a') > 3120 && heard_count('b') > 120);
        check_int((int64_t)heard_count('c'), 120);
        end();
}

/* One that is told of waits for nobody's answer. */
static void a_commit_wakes_who_waits_for_answers(void)
{
        begin();
        doom('a', HOLD, 0);
        for (int i = 1; i <= 5; i++) {
                say("a", 1, 0);
                wait_until_heard('a', (size_t)i);
                usleep(50 * 1000);
        }
        doom('a', LAND, 0);
        heard_once();
        end();
}

static struct {
        int stderr_is;
        char path[200];
} log_lines;

static void log_begins(void)
{
        snprintf(log_lines.path, sizeof log_lines.path, "%s/log", check_directory());
        fflush(stderr);
        log_lines.stderr_is = dup(STDERR_FILENO);
        check(freopen(log_lines.path, "w", stderr) != NULL);
}

static int said(const char *line)
{
        FILE *f = fopen(log_lines.path, "r");
        char text[2000];
        int times = 0;

        while (fgets(text, sizeof text, f))
                times += strstr(text, line) != NULL;
        fclose(f);
        return times;
}

static void wait_until_said(const char *line)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        while (!said(line) && clock_mono_us() < end_at)
                usleep(1000);
        check_int(said(line), 1);
}

static void what_happens_is_said_once(void)
{
        begin();
        log_begins();
        say("b", 1, 0);
        wait_until_pending(0);
        check_int(said("the bus"), 0);
        set(set_fails, true);
        say("b", 1, 0);
        wait_until_said("the bus is away; events wait in the outbox error.message=\"sends fail\"");
        set(set_fails, false);
        wait_until_said("the bus is back");
        doom('a', HOLD, 0);
        say("ab", 1, 0);
        wait_until_said("\"there is no answer to some of the records\"");
        doom('a', LAND, 0);
        wait_until_pending(0);
        doom('c', CLOSE, 2);
        say("c", 5, 0);
        wait_until_said("the bus's topic takes no records; they wait in the outbox error.message=\"so it is told\"");
        wait_until_said("a topic takes records again");
        doom('!', CLOSE, 0);
        say_dead();
        wait_until_said("records for another topic cannot be published now");
        check_int(said("the bus's topic"), 1);
        check_int(said("the bus is away"), 2);
        check_int(said("the bus is back"), 2);
        check_int(said("a topic takes"), 1);
        end();
        dup2(log_lines.stderr_is, STDERR_FILENO);
}

static void what_is_not_taken_comes_again_in_order(void)
{
        begin();
        set(set_fails, true);
        say("abc", 10, 0);
        usleep(300 * 1000);
        say("abc", 2000, 0);
        set(set_fails, false);
        say("abc", 1, 0);
        heard_once();
        end();
}

static void a_bus_without_parts_is_waited_for(void)
{
        begin();
        set(set_parts, 0);
        say("abc", 10, 0);
        usleep(200 * 1000);
        check_int((int64_t)heard_count(0), 0);
        set(set_parts, 3);
        heard_once();
        end();
}

/* Keys have other lanes then: what waits stays in front all the same. */
static void parts_may_grow(void)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        begin();
        say("bcdefg", 20, LARGE);
        wait_until_pending(0); /* before: else a pause of this process's would have some of them wait behind a */
        doom('a', HOLD, 0);
        say("a", 20, LARGE);
        while (!heard_count('a') && clock_mono_us() < end_at)
                usleep(1000);
        usleep(1200 * 1000); /* its lane stands still */
        say("cdg", 5, 0);
        wait_until_heard('c', 25);
        check_int((int64_t)(heard_count('d') + heard_count('g')), 40); /* are of the same */
        set(set_parts, 7);
        say("abcdefg", 20, 0);
        wait_until_heard('d', 45);
        doom('a', LAND, 0);
        heard_once();
        end();
}

static void grow_behind_a_commit(void)
{
        say("a", 1, 0);
        say("b", 1, 0);
        set(set_parts, 5);
}

/* The pass goes on to b's second and reads past a, which memory has, and which then comes to the lane that b had. */
static void parts_may_grow_while_the_table_is_read(void)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;
        bool tried = false;

        begin();
        set(set_fails, true);
        say("b", 1, 0);
        while (!tried && clock_mono_us() < end_at) {
                usleep(1000);
                pthread_mutex_lock(&bus.lock);
                tried = bus.sends;
                bus.when_sent = grow_behind_a_commit;
                pthread_mutex_unlock(&bus.lock);
        }
        set(set_fails, false);
        wait_until_heard('b', 2);
        heard_once();
        end();
}

static void what_is_refused_is_parked(void)
{
        begin();
        doom('b', REFUSE, 2);
        say("abc", 5, 0);
        wait_until_gone();
        check_int((int64_t)heard_count(0), 15);
        relay_close(&t.relay, CLOSE_MS);
        start_relay();
        say("abc", 1, 0);
        wait_until_gone();
        check_int((int64_t)heard_count(0), 18); /* not again at the next start */
        end();
}

static void a_refused_one_is_not_passed_over_when_parking_fails(void)
{
        begin();
        if (!is_shared()) {
                say("a", 1, 0);
                wait_until_gone();
                things_sql("CREATE TRIGGER none_is_parked BEFORE UPDATE ON outbox BEGIN SELECT RAISE(ABORT, 'not now'); END");
                doom('b', REFUSE, 1);
                say("abc", 3, 0);
                wait_until_pending(1);
                check_int((int64_t)heard_count(0), 10); /* it holds up nobody, ... */
                things_sql("DROP TRIGGER none_is_parked");
                wait_until_gone();
                check_int((int64_t)heard_count(0), 10); /* ... and did not come again */
        }
        end();
}

static void a_failed_read_of_the_outbox_is_tried_again(void)
{
        begin();
        if (!is_shared()) {
                set(set_fails, true);
                say("abc", 10, 0);
                usleep(50 * 1000);
                things_sql("ALTER TABLE outbox RENAME COLUMN headers TO hidden");
                set(set_fails, false);
                usleep(500 * 1000);
                things_sql("ALTER TABLE outbox RENAME COLUMN hidden TO headers");
                heard_once();
                say("abc", 10, 0);
                heard_once();
        }
        end();
}

static void another_topic_that_is_closed_holds_up_nothing(void)
{
        size_t tried;

        begin();
        doom('!', CLOSE, 0);
        say_dead();
        wait_until_heard('!', 1);
        usleep(500 * 1000);
        tried = heard_count('!');
        for (int i = 0; i < 4; i++) {
                say_dead();
                say("abc", 10, 0);
        }
        wait_until_pending(5);
        usleep(1500 * 1000);
        check_int((int64_t)heard_count('!'), (int64_t)tried); /* the next try is a minute away */
        say("abc", 10, 0);
        wait_until_pending(5);
        check_int((int64_t)metric("\nmall_outbox_set_aside "), 5);
        doom('!', LAND, 0);
        relay_close(&t.relay, CLOSE_MS);
        check_int(outbox_pending(t.store), 5); /* nor is it waited for */
        start_relay();
        wait_until_gone();
        check_int((int64_t)heard_count('!'), (int64_t)tried + 5);
        say("a", 1, 0);
        wait_until_gone();
        check_int((int64_t)metric("\nmall_outbox_set_aside "), 0);
        end();
}

/* One record at a time asks whether the topic is open again. */
static void the_own_topic_closed_is_tried_by_one_record(void)
{
        begin();
        say("c", 1, 0);
        wait_until_pending(0);
        doom('c', CLOSE, 3);
        say("c", 1, 0);
        wait_until_heard('c', 2);
        say("c", 50, 0);
        landed_in_order();
        check_int((int64_t)heard_count('c'), 55);
        end();
}

static void closing_is_bounded_and_what_waits_comes_later(void)
{
        int64_t before;

        begin();
        doom('a', HOLD, 0);
        say("abc", 100, LARGE / 10);
        wait_until_heard('c', 100);
        before = clock_mono_us();
        relay_close(&t.relay, 500);
        check(clock_mono_us() - before < PATIENCE_US / 3);
        check(bus.gave_up);
        wait_until_pending(100);
        doom('a', LAND, 0);
        start_relay();
        landed_in_order();
        end();
}

static void closing_waits_for_answers(void)
{
        begin();
        say("abc", 100, 0);
        relay_close(&t.relay, CLOSE_MS);
        check(!bus.gave_up);
        check_int(outbox_pending(t.store), 0);
        start_relay();
        heard_once();
        end();
}

static void metrics_say_how_it_stands(void)
{
        begin();
        doom('a', HOLD, 0);
        say("abc", 2, 0);
        say_dead();
        wait_until_pending(2);
        check_int((int64_t)metric("\nmall_events_published_total{event_type=\"ThingSaid\"} "), 4);
        check_int((int64_t)metric("\nmall_events_published_total{event_type=\"dead letter\"} "), 1); /* whatever it calls itself */
        check_int((int64_t)metric("\nmall_outbox_pending "), 2);
        usleep(300 * 1000);
        check(metric("\nmall_outbox_oldest_seconds ") >= 0.2);
        doom('a', LAND, 0);
        wait_until_gone();
        say("b", 1, 0);
        wait_until_gone();
        check(metric("\nmall_outbox_oldest_seconds ") == 0);
        end();
}

/* Backlogs are told before anything of them is handed over. */
static void the_age_of_a_backlog_is_known_at_once(void)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        begin();
        relay_close(&t.relay, CLOSE_MS);
        say("abc", 2, 0);
        usleep(100 * 1000);
        bus.parts = 0;
        start_relay();
        while (metric("\nmall_outbox_oldest_seconds ") <= 0.09 && clock_mono_us() < end_at)
                usleep(1000);
        check(metric("\nmall_outbox_oldest_seconds ") > 0.09);
        set(set_parts, 3);
        heard_once();
        end();
}

static void a_bus_that_cannot_be_opened(void)
{
        struct error e = {0};

        begin();
        check(!relay_open(&(struct relay_config){.store = t.store, .bus = {.url = "wrong"}}, &e));
        check_text(e.text, "no bus");
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                {"all is heard once", all_is_heard_once},
                {"memory is bounded in bytes", memory_is_bounded_in_bytes},
                {"what waits in memory is bounded too", what_waits_in_memory_is_bounded_too},
                {"what stands still holds up nothing else", what_stands_still_holds_up_nothing_else},
                {"all but one may stand still", all_but_one_may_stand_still},
                {"who can do nothing looks seldom", who_can_do_nothing_looks_seldom},
                {"what is published is soon removed", what_is_published_is_soon_removed},
                {"what is given back comes again in order", what_is_given_back_comes_again_in_order},
                {"a commit wakes who waits for answers", a_commit_wakes_who_waits_for_answers},
                {"what happens is said once", what_happens_is_said_once},
                {"what is not taken comes again in order", what_is_not_taken_comes_again_in_order},
                {"a bus without parts is waited for", a_bus_without_parts_is_waited_for},
                {"parts may grow", parts_may_grow},
                {"parts may grow while the table is read", parts_may_grow_while_the_table_is_read},
                {"what is refused is parked", what_is_refused_is_parked},
                {"a refused one is not passed over when parking fails", a_refused_one_is_not_passed_over_when_parking_fails},
                {"a failed read of the outbox is tried again", a_failed_read_of_the_outbox_is_tried_again},
                {"another topic that is closed holds up nothing", another_topic_that_is_closed_holds_up_nothing},
                {"the own topic closed is tried by one record", the_own_topic_closed_is_tried_by_one_record},
                {"closing is bounded, and what waits comes later", closing_is_bounded_and_what_waits_comes_later},
                {"closing waits for answers", closing_waits_for_answers},
                {"metrics say how it stands", metrics_say_how_it_stands},
                {"the age of a backlog is known at once", the_age_of_a_backlog_is_known_at_once},
                {"a bus that cannot be opened", a_bus_that_cannot_be_opened},
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
