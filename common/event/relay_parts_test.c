/* The relay of a shared store round by round: what it reads, hands over and removes, when it shares parts, rests, fails and ends. On a real
   PostgreSQL; the bus and the clock are the test's own. Wherever the relay waits it stands until the test lets time go on. */
#include "event/relay_inside.h"

#include "base/clock.h"
#include "base/hash.h"
#include "data/thing.h"

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

/* What becomes of records of a lane from now on. */
enum fate { LAND, HOLD, RETURN, REFUSE };

/* The relay's thread's, and the test's while the relay stands. */
static struct {
        int parts;
        enum fate fate[LANES];
        struct heard {
                int64_t id;
                int lane;
                bool answered;
        } heard[HEARD_MOST];
        size_t count;
        int asked;        /* for its parts: once for each page that has something */
        int64_t takes_us; /* to be asked */
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

static void stand(int64_t ms, bool on_bus)
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

void clock_set_wall_ms(int64_t ms)
{
        now.wall_ms = ms;
}

void clock_rfc3339(int64_t wall_ms, char text[CLOCK_RFC3339])
{
        snprintf(text, CLOCK_RFC3339, "2026-11-22T14:48:%02d.%03dZ", (int)(wall_ms / 1000 % 60), (int)(wall_ms % 1000));
}

/* Whoever asks waits for it, and that wait is over then. */
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
                bus.heard[bus.count++] = (struct heard){.id = records[i].tag, .lane = records[i].key[0] - 'a'};
        return true;
}

static size_t answer(struct bus_result *results, size_t most)
{
        static const enum publish_result result_of[] = {[LAND] = BUS_PUBLISHED, [RETURN] = BUS_RETURNED, [REFUSE] = BUS_REFUSED};
        size_t count = 0;

        for (size_t i = 0; i < bus.count && count < most; i++) {
                struct heard *h = &bus.heard[i];
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

size_t bus_results(struct bus *at, struct bus_result *results, size_t most, int wait_ms, struct error *error)
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

/* Closing, too, wakes it: from then on it stands no more. */
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

static void wait_until_it_stands(void)
{
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += PATIENCE_S;
        check(sem_timedwait(&now.stands, &until) == 0);
}

/* Lets it go on, so much later. */
static void step_by(int64_t us)
{
        now.us += us;
        sem_post(&now.go);
        wait_until_it_stands();
}

/* All that it waits for passes. */
static void step(void)
{
        step_by(now.ms * INT64_C(1000));
}

static void end(void)
{
        now.free = true;
        relay_close(&t.relay, CLOSE_MS);
        outbox_parts_close(&t.other);
        store_close(&t.store);
        arena_close(&t.arena);
}

static void start_relay(void)
{
        struct error e = {0};

        now.free = bus.gave_up = false;
        sem_init(&now.stands, 0, 0);
        sem_init(&now.go, 0, 0);
        t.relay = relay_open(&(struct relay_config){.store = t.store, .bus = {.url = "ours", .client = "things"}}, &e);
        check_text(e.text, "");
        wait_until_it_stands();
}

/* False where the store is one process's. */
static bool begin(void)
{
        if (!db_url_is_shared(things_url()))
                return false;
        if (t.store)
                end(); /* of a story that a failed check ended in its middle */
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

struct saying {
        const char *key;
        int times;
        size_t bytes;
};

static void say_some(struct unit *unit, void *arg)
{
        const struct saying *s = arg;
        struct thing thing = {.name = s->key};

        if (s->bytes)
                thing.secret = memset(arena_alloc(unit_arena(unit), s->bytes + 1), 'x', s->bytes);
        for (int i = 0; i < s->times; i++)
                unit_announce(unit, &thing_said, &thing);
}

/* bytes: what a header of theirs has; value_max bounds only the value */
static void say_large(const char *key, int times, size_t bytes)
{
        check_int(things_do(t.store, say_some, &(struct saying){key, times, bytes}), ERROR_NONE);
}

static void say(const char *key, int times)
{
        say_large(key, times, 0);
}

static int part_of(const char *key)
{
        return (int)(hash_bytes(key, strlen(key)) % OUTBOX_PARTS);
}

/* A key of this letter's lane and that part. */
static const char *key_of(char letter, int part)
{
        for (int i = 0;; i++) {
                const char *key = arena_printf(t.arena, "%c%d", letter, i);

                if (part_of(key) == part)
                        return key;
        }
}

static int heard(char letter)
{
        int count = 0;

        for (size_t i = 0; i < bus.count; i++)
                count += bus.heard[i].lane == letter - 'a';
        return count;
}

static struct lane *lane(char letter)
{
        return &t.relay->lanes[letter - 'a'];
}

/* Another process is there, and takes what it may. */
static int share_with_another(void)
{
        struct error e = {0};

        if (!t.other)
                t.other = outbox_parts_open(t.store);
        check(outbox_parts_share(t.other, NULL, &e));
        return outbox_parts_held(t.other);
}

static void end_session_of_relay(void)
{
        things_end_sessions("pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')");
}

/* ---- stories ---- */

static void it_looks_each_20_ms_and_is_told(void)
{
        if (!begin())
                return;
        check(now.ms == LOOK_MS && !now.on_bus);
        say("a", 3);
        check(t.relay->told);
        check_int(heard('a'), 0);
        step();
        check_int(heard('a'), 3);
        check(now.ms == LOOK_MS && !now.on_bus && !t.relay->told); /* so few are not gathered */
        check_int(bus.wakes, 0);
        bus.fate[1] = HOLD;
        say("b", 1);
        step();
        check(now.ms == LOOK_MS && now.on_bus && t.relay->listening);
        say("b", 1);
        check(!t.relay->listening);
        say("b", 1);
        check_int(bus.wakes, 1);
        step();
        check_int(heard('b'), 3);
        check(now.ms == LOOK_MS && !t.relay->told && t.relay->listening);
        end();
}

/* After many it pays to wait for more. */
static void many_are_followed_by_a_pause(void)
{
        if (!begin())
                return;
        say("a", RELAY_FEW + 1);
        step();
        check(now.ms == RELAY_PAUSE_MS && !now.on_bus);
        say("a", 1);
        step();
        check_int(heard('a'), RELAY_FEW + 2);
        check_int(now.ms, LOOK_MS);
        bus.fate[1] = HOLD;
        say("b", RELAY_FEW + 1);
        step();
        check(now.ms == RELAY_PAUSE_MS && now.on_bus && !t.relay->listening);
        end();
}

static void what_landed_is_removed_and_forgotten(void)
{
        if (!begin())
                return;
        bus.fate[1] = HOLD;
        bus.fate[2] = REFUSE;
        say("a", 2);
        say("b", 1);
        say("c", 1);
        step();
        check_text(things_waiting(t.store, t.arena), "a a b c");
        step();
        check_text(things_waiting(t.store, t.arena), "b"); /* c is parked */
        check_int((int64_t)t.relay->counts[LANDED], 0);
        check_int((int64_t)t.relay->counts[REFUSED], 0);
        check_int((int64_t)t.relay->counts[FLYING], 1);
        bus.fate[1] = LAND;
        step();
        step();
        check_text(things_waiting(t.store, t.arena), "");
        for (int i = 0; i < FLIGHT_STATES; i++)
                check_int((int64_t)t.relay->counts[i], 0);
        check_int((int64_t)bus.count, 4);
        end();
}

/* What is known and not yet out of the table fills no page. */
static void what_is_known_hides_nothing_behind_it(void)
{
        if (!begin())
                return;
        bus.fate[0] = HOLD;
        say("a", 2 * PAGE_OF_PART + 1);
        for (int round = 1; round <= 3; round++) {
                step();
                check_int(heard('a'), round < 3 ? round * PAGE_OF_PART : 2 * PAGE_OF_PART + 1);
        }
        end();
}

/* Pages go on behind what lanes left, all as of one moment. */
static void what_was_left_hides_nothing_behind_it(void)
{
        const char *behind;

        if (!begin())
                return;
        behind = key_of('b', part_of("a"));
        bus.fate[0] = HOLD;
        say("a", 1);
        step();
        bus.takes_us = 3 * SECOND_US; /* so that a's lane stands still */
        say("a", 3 * PAGE_OF_PART);
        say(behind, 1);
        step();
        check_int(heard('a'), 1);
        check_int(heard('b'), 0);
        check(lane('a')->left > 0);
        bus.takes_us = 0;
        step();
        check_int(heard('b'), 1);
        check_int(heard('a'), 1);
        check(lane('a')->left > 0 && !lane('b')->left);
        say(behind, 1); /* is in the next moment */
        step();
        check_int(heard('b'), 2);
        bus.fate[0] = LAND;
        for (int i = 0; i < 10 && *things_waiting(t.store, t.arena); i++)
                step();
        check_text(things_waiting(t.store, t.arena), "");
        check_int(heard('a'), 1 + 3 * PAGE_OF_PART);
        check(!lane('a')->left && !lane('a')->left_at);
        for (size_t i = 1, last = 0; i < bus.count; i++)
                if (bus.heard[i].lane == 0) {
                        check(bus.heard[i].id > bus.heard[last].id);
                        last = i;
                }
        end();
}

/* The window is full: the rest is left where it is. */
static void what_has_no_room_is_left(void)
{
        int fit = RELAY_WINDOW / 2 / (LARGE + RELAY_RECORD);
        int64_t left;

        if (!begin())
                return;
        bus.fate[0] = HOLD;
        say_large("a", 2 * fit, LARGE);
        for (int i = 0; i < 20 && !lane('a')->left; i++)
                step();
        check(heard('a') >= fit && heard('a') <= fit + 1);
        left = lane('a')->left;
        check(left > bus.heard[bus.count - 1].id);
        check_int(lane('a')->left_at, now.wall_ms);
        step();
        check_int(lane('a')->left, left);
        bus.fate[0] = LAND;
        for (int i = 0; i < 40 && heard('a') < 2 * fit; i++)
                step();
        check_int(heard('a'), 2 * fit);
        end();
}

/* What is behind it in the same page was not offered: a page behind that would overtake it. */
static void a_full_window_ends_the_look(void)
{
        int64_t last = 0;
        int part = part_of("a") + 1;

        if (!begin())
                return;
        check(part < OUTBOX_PARTS);
        bus.fate[0] = HOLD;
        bus.fate[2] = RETURN;
        say("c", 1);
        step();
        check(lane('c')->left > 0); /* so the next look is a deep one */
        say_large("a", RELAY_WINDOW / 2 / LARGE + 2, LARGE);
        say(key_of('b', part), 2 * PAGE_OF_PART);
        step();
        check(lane('a')->left > 0);
        check_int(heard('b'), 0);
        for (int i = 0; i < 4; i++)
                step_by(SECOND_US); /* a's lane stands still then, and may be passed */
        check_int(heard('b'), 2 * PAGE_OF_PART);
        for (size_t i = 0; i < bus.count; i++)
                if (bus.heard[i].lane == 1) {
                        check(bus.heard[i].id > last);
                        last = bus.heard[i].id;
                }
        end();
}

/* So that who dies in the midst of a long backlog leaves little that comes twice. */
static void much_that_landed_is_removed_before_more_is_read(void)
{
        enum { PAGES = 8, MOST = RELAY_UNREMOVED_MOST, REST = MOST - PAGES * PAGE_OF_PART * OUTBOX_PARTS };
        int first = part_of("c");

        if (!begin())
                return;
        bus.fate[2] = RETURN;
        say("c", 1);
        step();
        check(lane('c')->left > 0);
        for (int part = 0; part < OUTBOX_PARTS; part++)
                say(key_of('b', part), PAGES * PAGE_OF_PART);
        say(key_of('b', first), 2 * PAGE_OF_PART - 1); /* c's is in its first page */
        say(key_of('b', (first + 1) % OUTBOX_PARTS), REST - PAGE_OF_PART + 1);
        step();
        check_int(heard('b'), MOST); /* to a record: there is one more page */
        check_int((int64_t)t.relay->counts[LANDED], MOST);
        step();
        check_int(heard('b'), MOST + PAGE_OF_PART);
        check_int((int64_t)t.relay->counts[LANDED], PAGE_OF_PART);
        end();
}

/* Looking at much that stands still costs: the relay rests for as long as a look took. */
static void a_long_look_is_followed_by_a_rest(void)
{
        int64_t took = 100 * INT64_C(1000000);
        int asked;

        if (!begin())
                return;
        bus.takes_us = took;
        say("b", 1);
        step();
        check_int(now.ms, LOOK_MS); /* nothing was left: no rest */
        bus.fate[0] = RETURN;
        say("a", 2);
        step();
        check(lane('a')->left > 0);
        check_int(now.ms, LOOK_MS);
        bus.fate[0] = HOLD;
        asked = bus.asked;
        step_by(SECOND_US); /* a's first tries its lane */
        check_int(bus.asked, asked + 1);
        check_int(heard('a'), 2 + 1);
        check_int(now.ms, RELAY_PAUSE_MS);
        bus.takes_us = 0;
        say("b", 1);
        step_by(took - RELAY_PAUSE_MS * 1000 - 1);
        step();
        check_int(bus.asked, asked + 1); /* a microsecond is missing */
        check_int(heard('b'), 1);
        check_int(now.ms, RELAY_PAUSE_MS);
        step();
        check_int(heard('b'), 2);
        end();
}

static void a_bus_that_is_away_is_asked_each_100_ms(void)
{
        const char *late = "a", *early = "b";
        int64_t first;

        if (!begin())
                return;
        if (part_of(early) < part_of(late)) {
                early = "a";
                late = "b";
        }
        bus.parts = 0;
        first = now.wall_ms;
        say(early, 1);
        now.wall_ms += 1000;
        say(late, 1);
        step();
        check_int((int64_t)bus.count, 0);
        check_int(t.relay->oldest_at, first); /* whatever its part */
        check(now.ms == RELAY_AGAIN_MS && !now.on_bus);
        step();
        check_int(bus.asked, 2);
        check_int(now.ms, RELAY_AGAIN_MS);
        bus.parts = LANES;
        bus.fate[early[0] - 'a'] = HOLD;
        step();
        check_int((int64_t)bus.count, 2);
        check(now.ms == LOOK_MS && now.on_bus);
        check_int(t.relay->oldest_at, first);
        say("c", 1);
        bus.parts = 0;
        step();
        check_int(t.relay->oldest_at, first);
        check(now.ms == RELAY_AGAIN_MS && !now.on_bus);
        bus.parts = LANES;
        bus.fate[early[0] - 'a'] = LAND;
        step();
        step();
        step();
        check_text(things_waiting(t.store, t.arena), "");
        check_int(t.relay->oldest_at, 0);
        end();
}

static void parts_are_shared_each_second(void)
{
        if (!begin())
                return;
        check_int(share_with_another(), 0);
        step_by(SECOND_US - 1);
        check_int(share_with_another(), 0);
        step_by(1);
        check_int(share_with_another(), OUTBOX_PARTS / 2);
        end();
}

/* Also one that has only one under way. */
static void a_part_with_something_under_way_is_kept(void)
{
        if (!begin())
                return;
        bus.fate[0] = HOLD;
        for (int part = 0; part < OUTBOX_PARTS; part++)
                say(key_of('a', part), 1);
        step();
        for (int part = 0; part < OUTBOX_PARTS; part++)
                check_int((int64_t)t.relay->of_part[part], 1);
        check_int(share_with_another(), 0);
        step_by(SECOND_US);
        check_int(share_with_another(), 0);
        bus.fate[0] = LAND;
        step_by(SECOND_US);
        step_by(SECOND_US);
        check_int(share_with_another(), OUTBOX_PARTS / 2);
        end();
}

/* It begins anew as soon as it can, and forgets nothing. */
static void a_session_that_ended_is_made_anew(void)
{
        if (!begin())
                return;
        bus.fate[0] = RETURN;
        say("a", 1);
        step();
        check(lane('a')->left > 0);
        end_session_of_relay();
        step();
        check(t.relay->failing);
        check(now.ms == RELAY_AGAIN_MS && !now.on_bus);
        bus.fate[0] = LAND;
        say("b", 1);
        step();
        check(!t.relay->failing);
        check_int(heard('b'), 1);
        step_by(SECOND_US);
        step();
        check_text(things_waiting(t.store, t.arena), "");
        say("b", 1);
        step();
        end_session_of_relay(); /* before what landed is removed */
        step();
        check(t.relay->failing);
        check_int((int64_t)t.relay->counts[LANDED], 1);
        step();
        check(!t.relay->failing);
        check_int((int64_t)t.relay->counts[LANDED], 0);
        check_text(things_waiting(t.store, t.arena), "");
        check_int(heard('b'), 2);
        end();
}

/* How long the end took. */
static int64_t close_ms(void)
{
        int64_t before = now.us;

        now.free = true;
        relay_close(&t.relay, CLOSE_MS);
        return (now.us - before) / 1000;
}

static void the_end_takes_what_was_committed_before(void)
{
        if (!begin())
                return;
        say("a", PAGE_OF_PART + 1); /* two looks */
        check(close_ms() < CLOSE_MS);
        check_int(heard('a'), PAGE_OF_PART + 1);
        check_text(things_waiting(t.store, t.arena), "");
        start_relay();
        bus.fate[1] = RETURN;
        say("b", 1);
        step();
        check(lane('b')->left > 0);
        bus.fate[1] = LAND;
        check(close_ms() < CLOSE_MS); /* what was left is waited for as well */
        check_int(heard('b'), 2);
        check_text(things_waiting(t.store, t.arena), "");
        check(!bus.gave_up);
        end();
}

static void the_end_is_bounded(void)
{
        if (!begin())
                return;
        bus.fate[0] = HOLD;
        bus.lands_at_last = true;
        say("a", 1);
        step();
        check_int(close_ms(), CLOSE_MS);
        check(bus.gave_up);
        check_text(things_waiting(t.store, t.arena), ""); /* it had landed: the last thing to do is to remove it */
        start_relay();
        bus.parts = 0;
        say("a", 1);
        check_int(close_ms(), CLOSE_MS);
        check_text(things_waiting(t.store, t.arena), "a");
        bus.parts = LANES;
        start_relay();
        check_int((int64_t)t.relay->counts[FLYING], 1);
        end_session_of_relay(); /* a store that is away is not waited for */
        check(close_ms() <= LOOK_MS);
        check(bus.gave_up);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                {"it looks each 20 ms, and is told", it_looks_each_20_ms_and_is_told},
                {"many are followed by a pause", many_are_followed_by_a_pause},
                {"what landed is removed and forgotten", what_landed_is_removed_and_forgotten},
                {"what is known hides nothing behind it", what_is_known_hides_nothing_behind_it},
                {"what was left hides nothing behind it", what_was_left_hides_nothing_behind_it},
                {"what has no room is left", what_has_no_room_is_left},
                {"a full window ends the look", a_full_window_ends_the_look},
                {"much that landed is removed before more is read", much_that_landed_is_removed_before_more_is_read},
                {"a long look is followed by a rest", a_long_look_is_followed_by_a_rest},
                {"a bus that is away is asked each 100 ms", a_bus_that_is_away_is_asked_each_100_ms},
                {"parts are shared each second", parts_are_shared_each_second},
                {"a part with something under way is kept", a_part_with_something_under_way_is_kept},
                {"a session that ended is made anew", a_session_that_ended_is_made_anew},
                {"the end takes what was committed before", the_end_takes_what_was_committed_before},
                {"the end is bounded", the_end_is_bounded},
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
