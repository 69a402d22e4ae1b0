/* The relay step by step, on the test's own thread: what is handed over, what comes of each answer, what a lane takes. The bus is of
   the test's own and answers what is put down for it; bus.c is not linked. */
#include "event/relay_inside.h"

#include "base/clock.h"
#include "data/thing.h"


enum { MOST = 10000, HOUR_US = 1000000000, LONG_MS = 1000 * 1000 };

static struct {
        int parts;
        bool fails, gave_up;
        int64_t handed[MOST]; /* ids */
        struct bus_result answers[MOST];
        size_t sends, count, answered, given; /* given: of the answers */
        int wait_ms; /* of the last look for answers */
        size_t looks;
        bool listened; /* at that look */
        bool lands;    /* all that is sent, at once */
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
                bus.answers[bus.answered++] = (struct bus_result){records[i].tag, BUS_PUBLISHED, NULL};
        return true;
}

size_t bus_results(struct bus *at, struct bus_result *results, size_t most, int wait_ms, struct error *error)
{
        size_t count = 0;

        (void)at, (void)error;
        bus.wait_ms = wait_ms;
        bus.listened = r.listening;
        bus.looks++;
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
}

bool bus_topic_is_valid(const char *topic)
{
        return topic[0];
}

/* ---- what stories have in common ---- */

/* shared: nothing is said of the outbox's table */
static void begin(bool shared)
{
        struct error e = {0};

        memset(&bus, 0, sizeof bus);
        memset(&r, 0, sizeof r);
        bus.parts = 3;
        store = store_open(&(struct store_config){.url = things_url(), .service = "things", .entities = thing_entities, .readers = 1}, &e);
        check_text(e.text, "");
        r.store = store;
        r.bus = (struct bus *)&bus;
        r.shared = shared;
        pthread_mutex_init(&r.lock, NULL);
        pthread_cond_init(&r.work, NULL);
        relay_flights_open(&r);
        check(relay_look_at_bus(&r));
}

static void end(void)
{
        relay_flights_close(&r);
        for (int i = 0; i < OUTBOX_PARTS; i++)
                check_int((int64_t)r.of_part[i], 0);
        pthread_mutex_destroy(&r.lock);
        pthread_cond_destroy(&r.work);
        store_close(&store);
}

static struct outbox_record record(const char *key, int64_t id, size_t len)
{
        return (struct outbox_record){.id = id, .at = 1000 + id, .part = (int)(id % OUTBOX_PARTS), .key = key, .value = filling,
                                      .value_len = len, .headers = "", .topic = *key == '!' ? "error.mall.things" : NULL};
}

static struct lane *lane(const char *key)
{
        struct outbox_record o = record(key, 1, 0);

        return relay_lane_of(&r, &o);
}

/* However long this process is held up, its lane does not stand still. */
static enum offer offer_record(const char *key, int64_t id, size_t len)
{
        struct outbox_record o = record(key, id, len);
        enum offer offered;

        lane(key)->moved_at = clock_mono_us() + HOUR_US;
        offered = relay_offer(&r, &o);
        lane(key)->moved_at = clock_mono_us() + HOUR_US;
        return offered;
}

static enum offer offer(const char *key, int64_t id)
{
        return offer_record(key, id, 0);
}

/* bytes: as the window counts them */
static enum offer offer_large(const char *key, int64_t id, size_t bytes)
{
        return offer_record(key, id, bytes - RELAY_RECORD - 1);
}

static void answer(int64_t id, enum publish_result result)
{
        bus.answers[bus.answered++] = (struct bus_result){id, result, "so it is told"};
}

static void land_from(size_t first)
{
        relay_send(&r);
        for (size_t i = first; i < bus.count; i++)
                answer(bus.handed[i], BUS_PUBLISHED);
        relay_collect(&r, 0, false);
}

static struct flight *flight(int64_t id)
{
        return *relay_find(&r, id);
}

static int64_t oldest(void)
{
        relay_note_oldest(&r);
        return r.oldest_at;
}

/* ---- stories ---- */

static void each_record_is_handed_over_once(void)
{
        begin(true);
        check(!relay_is_at_work(&r));
        check_int(oldest(), 0);
        check_int(offer("a", 1), OFFER_TAKEN);
        check_int(offer("a", 1), OFFER_KNOWN);
        check_int(offer("a", 1 + RELAY_BUCKETS), OFFER_TAKEN); /* of one bucket */
        check_int(offer("b", 1 + 2 * RELAY_BUCKETS), OFFER_TAKEN);
        check_int((int64_t)r.taken, 3);
        check_int((int64_t)bus.sends, 0);
        relay_collect(&r, 7, false);
        check_int(bus.wait_ms, 7);
        relay_collect(&r, 0, false);
        check_int((int64_t)bus.sends, 1);
        check_int((int64_t)bus.count, 3);
        check(relay_is_at_work(&r));
        check_int(oldest(), 1001);
        check_int((int64_t)r.of_part[1], 3);
        land_from(0);
        check_int(flight(1 + RELAY_BUCKETS)->state, LANDED);
        check_int(offer("a", 1), OFFER_KNOWN); /* until it is out of the table */
        relay_forget(&r, flight(1 + RELAY_BUCKETS));
        check(flight(1)->id == 1 && !flight(1 + RELAY_BUCKETS) && flight(1 + 2 * RELAY_BUCKETS));
        check_int((int64_t)r.of_part[1], 2);
        check(!relay_is_at_work(&r));
        check_int(oldest(), 0);
        end();
}

static void what_is_answered_twice_is_heard_once(void)
{
        begin(true);
        offer("a", 1);
        offer("b", 2);
        answer(1, BUS_PUBLISHED);
        answer(1, BUS_RETURNED);
        answer(3, BUS_PUBLISHED);
        relay_collect(&r, 0, false);
        check_int(flight(1)->state, LANDED);
        check_int(flight(2)->state, FLYING);
        check(!flight(3));
        check_int(r.lanes[1].left, 0);
        land_from(1);
        end();
}

static void many_are_handed_over_at_once(void)
{
        begin(true);
        for (int64_t id = 1; id < RELAY_PAGE; id++)
                check_int(offer("a", id), OFFER_TAKEN);
        check_int((int64_t)bus.sends, 0);
        offer("a", RELAY_PAGE);
        check_int((int64_t)bus.count, RELAY_PAGE);
        offer("a", RELAY_PAGE + 1);
        check_int((int64_t)bus.sends, 1);
        for (int64_t id = 1; id <= RELAY_PAGE + 1; id++)
                answer(id, BUS_PUBLISHED);
        relay_collect(&r, 7, false); /* more than are looked for at once */
        check_int(bus.wait_ms, 0);
        check(!relay_is_at_work(&r));
        offer_large("b", 5001, OUTBOX_PAGE - 1);
        check_int((int64_t)bus.sends, 2);
        offer("b", 5002);
        check_int((int64_t)bus.sends, 3);
        offer_large("b", 5003, OUTBOX_PAGE);
        check_int((int64_t)bus.sends, 4);
        for (size_t i = 0; i < bus.count; i++)
                check_int(bus.handed[i], i <= RELAY_PAGE ? (int64_t)i + 1 : (int64_t)i + 4000);
        land_from(RELAY_PAGE + 1);
        check(!relay_is_at_work(&r));
        end();
}

static void the_window_is_exact(void)
{
        begin(true);
        for (int64_t id = 100; id < 300; id += 100) { /* what landed leaves all of it */
                size_t before = bus.count;

                check_int(offer_large("a", id, RELAY_WINDOW / 4), OFFER_TAKEN);
                check_int(offer_large("a", id + 1, RELAY_WINDOW / 2 + 1), OFFER_FULL);
                check_int(offer_large("a", id + 1, RELAY_WINDOW / 2), OFFER_TAKEN);
                check_int(offer("a", id + 2), OFFER_FULL);
                check_int(offer_large("b", id + 3, RELAY_WINDOW), OFFER_TAKEN); /* the first of a lane */
                check_int(offer("b", id + 4), OFFER_FULL);
                check_int(offer_large("c", id + 5, RELAY_WINDOW / 4 - 1), OFFER_TAKEN);
                check_int(offer("!", id + 6), OFFER_TAKEN); /* a byte was left */
                answer(id + 6, BUS_RETURNED);
                answer(id + 5, BUS_PUBLISHED);
                relay_collect(&r, 0, false);
                check(!flight(id + 6));
                check_int(offer_large("c", id + 7, RELAY_WINDOW / 4), OFFER_TAKEN);
                lane("!")->left = lane("!")->closed_until = 0;
                check_int(offer("!", id + 8), OFFER_FULL);
                land_from(before);
                check(!relay_is_at_work(&r));
        }
        end();
}

static void lanes_open_and_close(void)
{
        int64_t now = clock_mono_us();
        struct lane free = {0}, closed = {.closed_until = now + HOUR_US}, over = {.closed_until = 1},
                    probing = {.flying = 1, .probing = true, .moved_at = now + HOUR_US}, to_probe = {.probing = true},
                    moving = {.flying = 1, .moved_at = now + HOUR_US}, still = {.flying = 1, .moved_at = now - 10 * 1000 * 1000},
                    idle = {.moved_at = now - 10 * 1000 * 1000};

        check(relay_lane_is_open(&free) && relay_lane_is_open(&over) && relay_lane_is_open(&to_probe));
        check(relay_lane_is_open(&moving) && relay_lane_is_open(&idle));
        check(!relay_lane_is_open(&closed) && !relay_lane_is_open(&probing) && !relay_lane_is_open(&still));
        check(relay_lane_is_still(&still, 1000 * 1000) && !relay_lane_is_still(&still, HOUR_US));
        check(!relay_lane_is_still(&moving, 1000 * 1000) && !relay_lane_is_still(&idle, 1000 * 1000));
        relay_leave(&free, 5, 50);
        relay_leave(&free, 5, 51);
        relay_leave(&free, 6, 60);
        check(free.left == 5 && free.left_at == 50);
        relay_leave(&free, 4, 40);
        check(free.left == 4 && free.left_at == 40);
}

static void a_lane_that_moves_does_not_stand_still(void)
{
        struct outbox_record o = record("a", 1, 0);

        begin(true);
        lane("a")->moved_at = clock_mono_us() - 2LL * HOUR_US;
        check_int(relay_offer(&r, &o), OFFER_TAKEN);
        check(!relay_lane_is_still(lane("a"), HOUR_US)); /* the first is under way from now on */
        offer("a", 2);
        lane("a")->moved_at = clock_mono_us() - 2LL * HOUR_US;
        o = record("a", 3, 0);
        check_int(relay_offer(&r, &o), OFFER_LEFT);
        check(relay_lane_is_still(lane("a"), HOUR_US));
        answer(1, BUS_PUBLISHED);
        relay_collect(&r, 0, false);
        check(!relay_lane_is_still(lane("a"), HOUR_US));
        end();
}

static void what_is_given_back_is_left_with_all_behind_it(void)
{
        begin(true);
        offer("a", 1);
        offer("a", 2);
        offer("b", 3);
        answer(2, BUS_RETURNED);
        answer(1, BUS_RETURNED);
        answer(3, BUS_PUBLISHED);
        relay_collect(&r, 0, false);
        check(!flight(1) && !flight(2));
        check_int(lane("a")->left, 1);
        check_int(oldest(), 1001);
        check(relay_is_at_work(&r));
        check_int(offer("d", 4), OFFER_LEFT); /* of the same lane */
        check_int(offer("b", 5), OFFER_TAKEN);
        check_int(lane("a")->left, 1);
        lane("a")->left = lane("a")->closed_until = 0;
        check_int(offer("a", 1), OFFER_TAKEN);
        check_int(offer("a", 2), OFFER_LEFT); /* one at a time */
        check_int(lane("a")->left, 2);
        lane("a")->left = 0;
        land_from(3);
        check_int(offer("a", 2), OFFER_TAKEN);
        check_int(offer("d", 4), OFFER_TAKEN);
        land_from(4);
        check(!relay_is_at_work(&r));
        check(!r.away);
        end();
}

static void what_is_not_taken_is_left(void)
{
        begin(true);
        bus.fails = true;
        offer("a", 1);
        offer("b", 2);
        relay_send(&r);
        check_int((int64_t)bus.sends, 1);
        check(!flight(1) && !flight(2));
        check(lane("a")->left == 1 && lane("b")->left == 2);
        check(r.away);
        relay_send(&r);
        check_int((int64_t)bus.sends, 1);
        bus.fails = false;
        lane("a")->left = lane("a")->closed_until = 0;
        check_int(offer("a", 1), OFFER_TAKEN);
        relay_send(&r);
        check(r.away);
        land_from(0);
        check(!r.away);
        end();
}

static void a_lane_that_is_mute_makes_the_bus_away(void)
{
        begin(true);
        offer("a", 1);
        offer("b", 2);
        lane("a")->moved_at = clock_mono_us() - 10 * 1000 * 1000;
        relay_collect(&r, 0, false);
        check(r.away);
        answer(2, BUS_PUBLISHED);
        relay_collect(&r, 0, false);
        check(r.away); /* another's answer says nothing of it */
        answer(1, BUS_PUBLISHED);
        relay_collect(&r, 0, false);
        check(!r.away);
        offer("!", 3);
        lane("!")->moved_at = clock_mono_us() - 10 * 1000 * 1000;
        relay_collect(&r, 0, false);
        check(!r.away); /* another topic's is none of the bus */
        end();
}

static void topics_that_are_closed(void)
{
        begin(true);
        offer("!", 1);
        answer(1, BUS_CLOSED);
        relay_collect(&r, 0, false);
        check(!flight(1) && lane("!")->left == 1 && !relay_lane_is_open(lane("!")));
        check_int(offer("!", 2), OFFER_LEFT);
        check(!relay_is_at_work(&r)); /* not waited for */
        check_int(oldest(), 0);
        check(r.set_aside);
        lane("!")->closed_until = 1;
        check(relay_is_at_work(&r)); /* it is its turn now */
        lane("!")->left = 0;
        check_int(oldest(), 0);
        check(!r.set_aside);
        check(!relay_lane_is_of_others(&r, lane("a")) && !relay_lane_is_of_others(&r, &r.lanes[BUS_OWN_LANES - 1]));
        check(relay_lane_is_of_others(&r, &r.lanes[BUS_OWN_LANES]));
        offer("a", 3);
        answer(3, BUS_CLOSED);
        relay_collect(&r, 0, false);
        check(relay_is_at_work(&r)); /* though it is closed */
        check_int(oldest(), 1003);
        relay_leave(lane("c"), 4, 0);
        check_int(oldest(), 1003);
        relay_leave(lane("b"), 5, 900);
        check_int(oldest(), 900);
        check(!r.set_aside);
        r.lanes[BUS_LANES - 1].left = 6;
        oldest();
        check(r.set_aside);
        end();
}

static void what_is_refused_is_parked(void)
{
        begin(true);
        offer("a", 1);
        answer(1, BUS_REFUSED);
        relay_collect(&r, 0, false);
        check_int(flight(1)->state, REFUSED);
        check(relay_is_at_work(&r));
        check_int((int64_t)lane("a")->flying, 0);
        check_int(offer("a", 2), OFFER_TAKEN); /* it flows */
        end();
}

static void say_some(struct unit *unit, void *arg)
{
        for (int i = 0; i < *(int *)arg; i++)
                unit_announce(unit, &thing_said, &(struct thing){.name = "a"});
}

static void say(int times)
{
        check_int(things_do(store, say_some, &times), ERROR_NONE);
}

static void what_is_parked_is_forgotten(void)
{
        begin(false);
        say(2);
        offer("a", 1);
        offer("a", 2);
        answer(2, BUS_REFUSED);
        answer(1, BUS_REFUSED);
        relay_collect(&r, 0, false);
        check_int(outbox_pending(store), 2);
        check(relay_tidy(&r));
        check(!flight(1) && !flight(2));
        check_int(outbox_pending(store), 0);
        end();
}

static void what_landed_is_counted_by_type(void)
{
        static const struct metric_family family = {"mall_events_published_total", "", METRIC_COUNTER, {"event_type"}};
        const char *said = "ThingSaid", *dead = "dead letter";
        struct text headers = text_open(arena_open(), 100);
        struct outbox_record event = record("a", 1, 0), letter = record("!", 2, 0);

        begin(true);
        r.metrics = metrics_open();
        headers_pack(&headers, HEADERS_OF_OUTBOX, "ce_type", "ThingSaid", 9);
        headers_pack(&headers, HEADERS_OF_OUTBOX, "ce_time", "now", 3);
        event.headers = letter.headers = headers.at;
        event.headers_len = letter.headers_len = headers.len;
        check_int(relay_offer(&r, &event), OFFER_TAKEN);
        check_int(relay_offer(&r, &letter), OFFER_TAKEN);
        check(metric_value(metrics_series(r.metrics, &family, &said)) == 0);
        land_from(0);
        check(metric_value(metrics_series(r.metrics, &family, &said)) == 1);
        check(metric_value(metrics_series(r.metrics, &family, &dead)) == 1);
        metrics_close(&r.metrics);
        arena_close(&headers.arena);
        end();
}

static void keys_have_other_lanes_when_parts_grow(void)
{
        begin(true);
        bus.parts = 4;
        check(relay_look_at_bus(&r));
        for (int i = 0; i < BUS_LANES; i++)
                check(!r.lanes[i].left && !r.lanes[i].left_at);
        relay_leave(&r.lanes[0], 5, 105);
        relay_leave(&r.lanes[1], 3, 103);
        relay_leave(&r.lanes[BUS_LANES - 1], 4, 104);
        check(relay_look_at_bus(&r));
        check_int(r.lanes[2].left, 0); /* they are the same */
        bus.parts = 0;
        check(!relay_look_at_bus(&r));
        check(r.away);
        check_int(r.lanes[2].left, 0);
        bus.parts = 5;
        check(relay_look_at_bus(&r));
        for (int i = 0; i < BUS_LANES; i++)
                check(r.lanes[i].left == 3 && r.lanes[i].left_at == 103);
        end();
}

static void who_listens_is_told(void)
{
        begin(true);
        offer("a", 1);
        relay_collect(&r, 5, true);
        check_int(bus.wait_ms, 5);
        check(bus.listened && !r.listening);
        r.told = true;
        relay_collect(&r, 5, true); /* told meanwhile: no wait */
        check_int(bus.wait_ms, 0);
        check(!bus.listened && !r.listening);
        relay_collect(&r, 5, false);
        check_int(bus.wait_ms, 5);
        check(!bus.listened);
        r.closing = true;
        relay_collect(&r, LONG_MS, false);
        check_int(bus.wait_ms, 0);
        end();
}

static void a_pause_hears_what_comes(void)
{
        begin(true);
        offer("a", 1);
        answer(1, BUS_PUBLISHED);
        relay_gather(&r);
        check_int((int64_t)bus.count, 1);
        check(!relay_is_at_work(&r));
        offer("a", 2);
        r.closing = true;
        relay_gather(&r);
        check_int((int64_t)bus.count, 1); /* closing ends it */
        end();
}

static void what_flies_at_the_end_is_given_up(void)
{
        begin(true);
        relay_give_up(&r);
        relay_collect(&r, 0, false); /* nothing is under way */
        check_int((int64_t)bus.looks, 0);
        check(!bus.gave_up);
        offer("a", 1);
        bus.wait_ms = 9;
        relay_send(&r);
        check_int(bus.wait_ms, 0);
        answer(1, BUS_RETURNED);
        relay_give_up(&r);
        check(bus.gave_up);
        check_int(bus.wait_ms, 0);
        check(!flight(1));
        check_int(lane("a")->left, 1);
        end();
}

static void what_landed_and_cannot_be_removed_is_bounded(void)
{
        int many = RELAY_UNREMOVED_MOST;

        begin(false);
        say(many);
        things_sql("CREATE TRIGGER none_is_removed BEFORE DELETE ON outbox BEGIN SELECT RAISE(ABORT, 'not now'); END");
        for (int64_t id = 1; id < RELAY_UNREMOVED_MOST; id++)
                check_int(offer("a", id), OFFER_TAKEN), answer(id, BUS_PUBLISHED);
        relay_collect(&r, 0, false);
        check_int(outbox_pending(store), 1);
        check(relay_tidy(&r));
        check(flight(1) && flight(RELAY_UNREMOVED_MOST - 1));
        check_int(offer("a", many), OFFER_TAKEN);
        answer(many, BUS_PUBLISHED);
        relay_collect(&r, 0, false);
        check(!relay_tidy(&r));
        check(flight(1) != NULL);
        things_sql("DROP TRIGGER none_is_removed");
        check(relay_tidy(&r));
        check(!flight(1) && !flight(many));
        check_int((int64_t)r.removed, many);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                {"each record is handed over once", each_record_is_handed_over_once},
                {"what is answered twice is heard once", what_is_answered_twice_is_heard_once},
                {"many are handed over at once", many_are_handed_over_at_once},
                {"the window is exact", the_window_is_exact},
                {"lanes open and close", lanes_open_and_close},
                {"a lane that moves does not stand still", a_lane_that_moves_does_not_stand_still},
                {"what is given back is left with all behind it", what_is_given_back_is_left_with_all_behind_it},
                {"what is not taken is left", what_is_not_taken_is_left},
                {"a lane that is mute makes the bus away", a_lane_that_is_mute_makes_the_bus_away},
                {"topics that are closed", topics_that_are_closed},
                {"what is refused is parked", what_is_refused_is_parked},
                {"what is parked is forgotten", what_is_parked_is_forgotten},
                {"what landed is counted by type", what_landed_is_counted_by_type},
                {"keys have other lanes when parts grow", keys_have_other_lanes_when_parts_grow},
                {"who listens is told", who_listens_is_told},
                {"a pause hears what comes", a_pause_hears_what_comes},
                {"what flies at the end is given up", what_flies_at_the_end_is_given_up},
                {"what landed and cannot be removed is bounded", what_landed_and_cannot_be_removed_is_bounded},
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
