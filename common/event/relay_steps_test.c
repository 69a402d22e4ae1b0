/* The relay step by step: what is handed over, and what a lane takes. */
#include "testing/relay_steps.h"

#include <sys/resource.h>
#include <unistd.h>

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
        check(relay_tidy(&r)); /* the shared table is not tidied here, nor counted by this store */
        check_int(outbox_pending(store), 0);
        check(!relay_is_at_work(&r));
        check_int(oldest(), 0);
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
        relay_send(&r);
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
                check_int(offer_large("b", id + 3, RELAY_WINDOW),
                          OFFER_TAKEN); /* the first of a lane */
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
        struct lane free = {0}, closed = {.closed_until = now + HOUR_US},
                    over = {.closed_until = 1},
                    probing = {.flying = 1, .probing = true, .moved_at = now + HOUR_US},
                    to_probe = {.probing = true}, moving = {.flying = 1, .moved_at = now + HOUR_US},
                    still = {.flying = 1, .moved_at = now - 10 * 1000 * 1000},
                    idle = {.moved_at = now - 10 * 1000 * 1000};

        check(relay_lane_is_open(&free) && relay_lane_is_open(&over) &&
              relay_lane_is_open(&to_probe));
        check(relay_lane_is_open(&moving) && relay_lane_is_open(&idle));
        check(!relay_lane_is_open(&closed) && !relay_lane_is_open(&probing) &&
              !relay_lane_is_open(&still));
        check(relay_lane_is_still(&still, 1000 * 1000) && !relay_lane_is_still(&still, HOUR_US));
        check(!relay_lane_is_still(&moving, 1000 * 1000) &&
              !relay_lane_is_still(&idle, 1000 * 1000));
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
        check(!relay_lane_is_of_others(&r, lane("a")) &&
              !relay_lane_is_of_others(&r, &r.lanes[BUS_OWN_LANES - 1]));
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
        relay_leave(&r.lanes[7], 7, 2000);
        check_int(oldest(), 900);
        check(!r.set_aside);
        r.lanes[BUS_LANES - 1].left = 6;
        oldest();
        check(r.set_aside);
        end();
}

static void keys_have_other_lanes_when_parts_grow(void)
{
        begin(true);
        for (int64_t id = 1; id <= 10; id++)
                offer("b", id);
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

static void acknowledged_records_are_counted_by_type(void)
{
        static const struct metric_family family = {
                "mall_events_published_total", "", METRIC_COUNTER, {"event_type"}};
        const char *said = "ThingSaid", *dead = "dead letter";
        struct text headers = text_open(arena_open(), 100);
        struct outbox_record event = record("a", 1, 0), letter = record("!", 2, 0);

        begin(true);
        r.metrics = metrics_open();
        packed_headers_add(&headers, PACKED_FOR_OUTBOX, "ce_type", "ThingSaid", 9);
        packed_headers_add(&headers, PACKED_FOR_OUTBOX, "ce_time", "now", 3);
        event.headers = letter.headers = headers.at;
        event.headers_len = letter.headers_len = headers.len;
        check_int(relay_offer(&r, &event), OFFER_TAKEN);
        check_int(relay_offer(&r, &letter), OFFER_TAKEN);
        event.id = 3;
        check_int(relay_offer(&r, &event), OFFER_TAKEN);
        check(metric_value(metrics_series(r.metrics, &family, &said)) == 0);
        land_from(0);
        check(metric_value(metrics_series(r.metrics, &family, &said)) == 2);
        check(metric_value(metrics_series(r.metrics, &family, &dead)) == 1);
        metrics_close(&r.metrics);
        arena_close(&headers.arena);
        end();
}

/* A long backlog in a database that others use, too. */
static void a_relay_that_can_do_nothing_looks_seldom(void)
{
        int64_t long_ago = clock_mono_us() - 10 * 1000 * 1000;
        struct relay waiting = {.parts = 2,
                                .lanes = {{.flying = 1, .moved_at = long_ago},
                                          {.flying = 1, .moved_at = long_ago}}};

        waiting.counts[FLYING] = 2;
        check_int(relay_more_rest(&waiting, 100), 1500);
        waiting.lanes[1].moved_at = clock_mono_us() + 60 * 1000 * 1000;
        check_int(relay_more_rest(&waiting, 100), 0);
        waiting.lanes[1].moved_at = long_ago;
        waiting.lanes[0].moved_at = clock_mono_us() + 60 * 1000 * 1000;
        check_int(relay_more_rest(&waiting, 100), 0);
        waiting.lanes[0].moved_at = long_ago;
        waiting.parts = 3; /* one that has nothing under way */
        check_int(relay_more_rest(&waiting, 100), 0);
        for (int i = 0; i < BUS_OWN_LANES; i++)
                waiting.lanes[i] = waiting.lanes[0];
        waiting.parts = BUS_LANES; /* more than there are lanes for */
        check_int(relay_more_rest(&waiting, 100), 1500);
        waiting.parts = 2;
        waiting.counts[FLYING] = 0; /* no result will come */
        waiting.lanes[0] = r.lanes[1] =
                (struct lane){.closed_until = clock_mono_us() + 60 * 1000 * 1000};
        check_int(relay_more_rest(&waiting, 100), 0);
}

enum { COMMITS = 40, GATHERS_MS = 200 };

/* Returns how often the thread slept while commits came. */
static void *gather(void *arg)
{
        struct rusage before, after;

        getrusage(RUSAGE_THREAD, &before);
        relay_nap(&r, GATHERS_MS, false);
        getrusage(RUSAGE_THREAD, &after);
        *(int64_t *)arg = after.ru_nvcsw - before.ru_nvcsw;
        return NULL;
}

static void commits(void)
{
        for (int i = 0; i < COMMITS; i++) {
                pthread_mutex_lock(&r.lock);
                relay_note_commit(&r);
                pthread_mutex_unlock(&r.lock);
                usleep(1000);
        }
}

static void *rest(void *arg)
{
        (void)arg;
        relay_nap(&r, 3600 * 1000, true);
        return NULL;
}

/* Each wake-up costs two changes of threads, and a busy store commits thousands of times a second.
 */
static void a_commit_wakes_a_relay_that_rests_and_none_that_gathers(void)
{
        int64_t slept = 0;
        pthread_t thread;

        begin(false);
        check(pthread_create(&thread, NULL, gather, &slept) == 0);
        commits();
        pthread_join(thread, NULL);
        check(slept >= 1 && slept < COMMITS / 2);
        check(r.told);
        r.told = false;
        check(pthread_create(&thread, NULL, rest, NULL) == 0);
        commits();
        pthread_join(thread, NULL); /* after an hour otherwise */
        check(r.told && !r.resting);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(each_record_is_handed_over_once),
                STORY(many_are_handed_over_at_once),
                STORY(the_window_is_exact),
                STORY(lanes_open_and_close),
                STORY(a_lane_that_moves_does_not_stand_still),
                STORY(topics_that_are_closed),
                STORY(keys_have_other_lanes_when_parts_grow),
                STORY(acknowledged_records_are_counted_by_type),
                STORY(a_relay_that_can_do_nothing_looks_seldom),
                STORY(a_commit_wakes_a_relay_that_rests_and_none_that_gathers),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
