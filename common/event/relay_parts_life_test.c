/* A shared store's relay among others: a bus that is away, parts that others want, a session
   that ends, and its closing. */
#include "testing/relay_looks.h"

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

/* It begins again as soon as it can, and forgets nothing. */
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

/* How long closing took. */
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
        check_text(things_waiting(t.store, t.arena),
                   ""); /* it had landed: the last thing to do is to remove it */
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
                STORY(a_bus_that_is_away_is_asked_each_100_ms),
                STORY(parts_are_shared_each_second),
                STORY(a_part_with_something_under_way_is_kept),
                STORY(a_session_that_ended_is_made_anew),
                STORY(the_end_takes_what_was_committed_before),
                STORY(the_end_is_bounded),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
