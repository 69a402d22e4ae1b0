/* The looks of a shared store's relay: what it reads, hands over, removes and leaves, and how long
   it waits for the next one. */
#include "testing/relay_looks.h"

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

/* After many records it pays to wait for more. */
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

static void acknowledged_records_are_removed_and_forgotten(void)
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

/* Records that are known and still in the table do not fill a page. */
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

/* Pages go on after the records that lanes left, all as of one moment. */
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

/* The window is full: the rest stays in the table. */
static void records_without_room_are_left(void)
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

/* Later records of the same page were not offered: a later page would overtake them. */
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

/* So that little comes twice if the process dies in the middle of a long backlog. */
static void much_that_landed_is_removed_before_more_is_read(void)
{
        enum {
                PAGES = 8,
                MOST = RELAY_UNREMOVED_MOST,
                REST = MOST - PAGES * PAGE_OF_PART * OUTBOX_PARTS
        };
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

/* Looking at many records that stand still costs: the relay rests for as long as a look took. */
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

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(it_looks_each_20_ms_and_is_told),
                STORY(many_are_followed_by_a_pause),
                STORY(acknowledged_records_are_removed_and_forgotten),
                STORY(what_is_known_hides_nothing_behind_it),
                STORY(what_was_left_hides_nothing_behind_it),
                STORY(records_without_room_are_left),
                STORY(a_full_window_ends_the_look),
                STORY(much_that_landed_is_removed_before_more_is_read),
                STORY(a_long_look_is_followed_by_a_rest),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
