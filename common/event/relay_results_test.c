/* The relay step by step: what it does with each answer of the bus. */
#include "testing/relay_steps.h"

#include "testing/overheard.h"

static void a_second_answer_changes_nothing(void)
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

static void a_lane_is_open_once_something_lands(void)
{
        begin(true);
        offer("!", 1);
        offer("!", 2);
        answer(1, BUS_CLOSED);
        answer(2, BUS_PUBLISHED);
        relay_collect(&r, 0, false);
        check_int(lane("!")->left, 1);
        check(relay_lane_is_open(lane("!"))); /* not a minute later */
        end();
}

static void open_lane(const char *key)
{
        lane(key)->left = lane(key)->closed_until = 0;
}

static void a_topic_that_is_closed_is_said_once(void)
{
        begin(true);
        overhear();
        for (int64_t id = 1; id <= 3; id++)
                offer("!", id), answer(id, BUS_CLOSED);
        relay_collect(&r, 0, false);
        check_int(overheard("records for another topic cannot be published now"), 1);
        open_lane("!");
        offer("!", 1);
        answer(1, BUS_PUBLISHED);
        relay_collect(&r, 0, false);
        check_int(overheard("a topic takes records again"), 1);
        for (int64_t id = 4; id <= 6; id++) /* three lanes, one topic */
                offer((const char *[]){"a", "b", "c"}[id - 4], id), answer(id, BUS_CLOSED);
        relay_collect(&r, 0, false);
        check_int(overheard("the bus's topic takes no records; they wait in the outbox "
                            "error.message=\"so it is told\""),
                  1);
        open_lane("b");
        offer("b", 5);
        answer(5, BUS_PUBLISHED);
        relay_collect(&r, 0, false);
        check_int(overheard("a topic takes records again"), 2);
        overhear_no_more();
        end();
}

static void a_record_given_back_after_parts_grew_is_left_by_all(void)
{
        begin(true);
        offer("a", 1);
        offer("a", 2);
        answer(2, BUS_RETURNED);
        relay_collect(&r, 0, false);
        for (int i = 0; i < BUS_LANES; i++)
                check_int(r.lanes[i].left, &r.lanes[i] == lane("a") ? 2 : 0);
        bus.parts = 5;
        check(relay_look_at_bus(&r));
        answer(1, BUS_RETURNED);
        relay_collect(&r, 0, false);
        for (int i = 0; i < BUS_LANES; i++)
                check(r.lanes[i].left == 1 && r.lanes[i].left_at == 1001);
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

static void what_is_refused_is_parked(void)
{
        begin(true);
        overhear();
        offer("a", 1);
        answer(1, BUS_REFUSED);
        relay_collect(&r, 0, false);
        check_int(overheard("an event can never be published; it is parked in the outbox "
                            "error.message=\"so it is told\""),
                  1);
        overhear_no_more();
        check_int(flight(1)->state, REFUSED);
        check(relay_is_at_work(&r));
        check_int((int64_t)lane("a")->flying, 0);
        check_int(offer("a", 2), OFFER_TAKEN); /* it flows */
        end();
}

static void a_parked_record_is_forgotten(void)
{
        begin(false);
        say(2);
        offer("a", 1);
        offer("a", 2);
        answer(2, BUS_REFUSED);
        answer(1, BUS_REFUSED);
        relay_collect(&r, 0, false);
        check_int(outbox_pending(store), 2);
        overhear();
        none_is_parked(true);
        check(relay_tidy(&r));
        check_int(overheard("parking failed; trying again error.message=\"not now\""), 1);
        overhear_no_more();
        check(flight(1) && flight(2));
        none_is_parked(false);
        check(relay_tidy(&r));
        check(!flight(1) && !flight(2));
        check_int(outbox_pending(store), 0);
        check_text(things_waiting(store, r.arena), "");
        end();
}

/* In whichever order they landed. */
static void just_what_landed_is_removed(void)
{
        struct outbox_record left[4];
        struct error e = {0};
        size_t count;

        begin(false);
        say(4);
        for (int64_t id = 1; id <= 4; id++)
                offer("a", id);
        answer(4, BUS_PUBLISHED);
        answer(1, BUS_PUBLISHED);
        relay_collect(&r, 0, false);
        check_int(outbox_pending(store), 2);
        outbox_sweep(store);
        check(outbox_read(store, 0, left, 4, &count, r.arena, &e));
        check(count == 2 && left[0].id == 2 && left[1].id == 3);
        check(relay_tidy(&r));
        check(!flight(1) && flight(2) && flight(3) && !flight(4));
        end();
}

static void a_relay_that_listens_is_told(void)
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

static void sent_records_take_no_memory(void)
{
        size_t once;

        begin(true);
        bus.lands = true;
        offer("a", 1);
        relay_send(&r);
        once = arena_size(r.arena);
        for (int64_t id = 2; id < 2000; id++) {
                offer("a", id);
                relay_send(&r);
        }
        check_int((int64_t)arena_size(r.arena), (int64_t)once);
        end();
}

static void a_pause_hears_what_comes(void)
{
        begin(true);
        offer("a", 1);
        answer(1, BUS_PUBLISHED);
        while (relay_is_at_work(&r)) /* a pause may be over before it looks */
                relay_gather(&r);
        check_int((int64_t)bus.count, 1);
        offer("a", 2);
        relay_send(&r);
        relay_gather(&r);
        check(!bus.listened); /* a commit does not end it */
        offer("a", 3);
        r.closing = true;
        relay_gather(&r);
        check_int((int64_t)bus.count, 2); /* closing ends it */
        end();
}

static void records_under_way_at_the_end_are_given_up(void)
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
        check(!bus.listened);
        check_int(bus.wait_ms, 0);
        check(!flight(1));
        check_int(lane("a")->left, 1);
        end();
}

static void acknowledged_records_that_cannot_be_removed_are_bounded(void)
{
        int many = RELAY_UNREMOVED_MOST;

        begin(false);
        say(many);
        things_sql("CREATE TRIGGER none_is_removed BEFORE DELETE ON outbox BEGIN SELECT "
                   "RAISE(ABORT, 'not now'); END");
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
        check_int((int64_t)outbox_unremoved(store), 0);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_second_answer_changes_nothing),
                STORY(what_is_given_back_is_left_with_all_behind_it),
                STORY(a_lane_is_open_once_something_lands),
                STORY(a_topic_that_is_closed_is_said_once),
                STORY(a_record_given_back_after_parts_grew_is_left_by_all),
                STORY(what_is_not_taken_is_left),
                STORY(a_lane_that_is_mute_makes_the_bus_away),
                STORY(what_is_refused_is_parked),
                STORY(a_parked_record_is_forgotten),
                STORY(just_what_landed_is_removed),
                STORY(a_relay_that_listens_is_told),
                STORY(sent_records_take_no_memory),
                STORY(a_pause_hears_what_comes),
                STORY(records_under_way_at_the_end_are_given_up),
                STORY(acknowledged_records_that_cannot_be_removed_are_bounded),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
