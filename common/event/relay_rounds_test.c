/* The relay from memory, step by step: records that find no room, how long it waits, and for
   what. */
#include "testing/relay_steps.h"

static int looks; /* so far */

/* ---- without room ---- */

static void until_there_is_room(void)
{
        check_int(bus.wait_ms, 100);
        check(!bus.listened);
        check_text(handed(), " 1 2");
        bus.when_waiting = NULL;
        bus.lands = true;
        answer(2, BUS_PUBLISHED);
}

/* Others have all of the window: a lane has room for its first record only. */
static void fill_the_window(void)
{
        answer(1, BUS_PUBLISHED);
        r.bytes += RELAY_WINDOW;
        clock_set_wall_ms(8000);
        say_each("aab");
        clock_set_wall_ms(0);
}

static void fill_for_a_while(void)
{
        fill_the_window();
        bus.when_waiting = until_there_is_room;
}

static void fill_for_good(void)
{
        fill_the_window();
        bus.when_waiting = out_of_time;
}

static void a_record_that_finds_no_room_waits_for_an_answer(void)
{
        open_relay();
        run_with_one_flying(fill_for_a_while);
        check_text(handed(), " 1 2 3 4");
        check_int((int64_t)r.bytes, RELAY_WINDOW);
        close_relay();
}

static void a_record_that_finds_no_room_in_time_is_left(void)
{
        open_relay();
        run_with_one_flying(fill_for_good);
        check(!flight(3));
        check_int(lane("a")->left, 3);
        check_int(lane("a")->left_at, 8000);
        close_relay();
}

static void what_is_read_and_finds_no_room_in_time_ends_the_pass(void)
{
        open_relay();
        bus.lands = false;
        bus.when_waiting = out_of_time;
        say_unheard("aab");
        r.bytes = RELAY_WINDOW;
        run_to_the_end();
        check_text(handed(), " 1"); /* nor b's, after it */
        check(lane("a")->left == 2 && lane("b")->left == 2);
        check(lane("a")->read_to == 1 && lane("b")->read_to == 1);
        close_relay();
}

/* ---- how long it waits ---- */

static void run_until_a_look_ends_it(void (*look)(void))
{
        bus.lands = false;
        bus.when_waiting = look;
        looks = 0;
        relay_from_memory(&r);
        r.closing = false;
}

static void is_idle_look(void)
{
        check_int(bus.wait_ms, 60000);
        check(bus.listened);
}

static void few_then_many(void)
{
        static int tries;
        int look = looks++;

        if (look < 2) {
                is_idle_look();
                say_each(look == 0 ? "abc" : "abca");
                tries = 0;
        } else if (look == 2 && bus.listened &&
                   ++tries < 1000) { /* it was held up for as long as it gathers */
                say_each("abca");
                looks = 2;
        } else if (look == 2) {
                check(!bus.listened && bus.wait_ms <= 50);
        } else if (bus.listened) {
                is_idle_look();
                out_of_time();
        }
}

static void few_are_sent_at_once_and_many_gather(void)
{
        open_relay();
        say_each("abc");
        run_until_a_look_ends_it(few_then_many);
        close_relay();
}

static void each_look(void)
{
        struct lane *l = &r.lanes[50];

        switch (looks++) {
        case 0:
                is_idle_look();
                relay_leave(l, 99, 1000);
                l->closed_until = clock_mono_us() + 50 * 1000 * 1000;
                break;
        case 1: /* until it opens */
                check(bus.wait_ms > 100 && bus.wait_ms <= 50001);
                l->closed_until = 0;
                l->flying = 1;
                l->moved_at = clock_mono_us() - HOUR_US;
                break;
        case 2: /* until it moves */
                check_int(bus.wait_ms, 100);
                *l = (struct lane){0};
                answer(1, BUS_PUBLISHED);
                break;
        case 3: /* until what landed is removed */
                check_int(bus.wait_ms, 200);
                none_is_parked(true);
                answer(2, BUS_REFUSED);
                break;
        case 4: /* until it can be parked */
                check_int(bus.wait_ms, 100);
                none_is_parked(false);
                break;
        default:
                check_int(bus.wait_ms, 200);
                check(!flight(2));
                out_of_time();
        }
}

static void it_looks_again_in_time(void)
{
        open_relay();
        say_each("abc");
        run_until_a_look_ends_it(each_look);
        close_relay();
}

static void none_is_removed_yet(void)
{
        bus.when_sent = NULL;
        check_int((int64_t)outbox_removed(store, (int64_t[1]){0}, 1), 0);
}

static void say_the_third(void)
{
        bus.when_sent = none_is_removed_yet;
        say_each("a");
}

static void say_the_second(void)
{
        the_first_lands();
        bus.when_sent = say_the_third;
        say_each("a");
}

/* By a commit of its own. */
static void acknowledged_records_stay_while_there_is_more_to_do(void)
{
        open_relay();
        run_with_one_flying(say_the_second);
        check_text(handed(), " 1 2 3");
        check(!bus.when_sent);
        close_relay();
}

static void say_one_more(void)
{
        the_first_lands();
        say_each("b");
}

static void what_is_told_at_the_end_is_handed_over(void)
{
        open_relay();
        run_with_one_flying(say_one_more);
        check_text(handed(), " 1 2");
        check_int(outbox_pending(store), 0);
        close_relay();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_record_that_finds_no_room_waits_for_an_answer),
                STORY(a_record_that_finds_no_room_in_time_is_left),
                STORY(what_is_read_and_finds_no_room_in_time_ends_the_pass),
                STORY(few_are_sent_at_once_and_many_gather),
                STORY(it_looks_again_in_time),
                STORY(acknowledged_records_stay_while_there_is_more_to_do),
                STORY(what_is_told_at_the_end_is_handed_over),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
