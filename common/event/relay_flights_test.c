/* The relay on a bus that answers late: each record comes once, what stands still holds up only
   itself, and all is bounded. */
#include "testing/relay_story.h"

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
        wait_until_heard(0, RELAY_WINDOW / 2 / (LARGE + RELAY_RECORD) +
                                    1); /* half of the window, since it is alone */
        say("a", 30, LARGE);
        usleep(1500 * 1000);
        check(bus.flying_most <= RELAY_WINDOW / 2 + LARGE);
        doom('a', LAND, 0);
        heard_once();
        check(bus.largest_send <= OUTBOX_PAGE + 2 * LARGE);
        end();
}

/* However many stand still, some of the window is left for the rest. */
static void a_lane_that_stands_still_holds_up_only_itself(void)
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
        for (const char *key = still; *key; key++) { /* each takes half of what is left */
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

/* If the process dies in the middle of a long backlog, little comes twice; and the relay's
   knowledge of it takes little memory. */
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
        for (int64_t end_at = clock_mono_us() + PATIENCE_US;
             pending > 2 && clock_mono_us() < end_at;) {
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

/* A new commit does not wait for the answers to others. */
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

/* Then keys have other lanes: waiting records stay ahead all the same. */
static void parts_may_grow(void)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        begin();
        say("bcdefg", 20, LARGE);
        wait_until_pending(0); /* wait here: otherwise a pause of this process would make some of
                                  them wait after a */
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

/* The pass goes on to b's second record and past a's, which memory has, and which then comes to
   b's old lane. */
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

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(all_is_heard_once),
                STORY(memory_is_bounded_in_bytes),
                STORY(a_lane_that_stands_still_holds_up_only_itself),
                STORY(all_but_one_may_stand_still),
                STORY(what_is_published_is_soon_removed),
                STORY(a_commit_wakes_who_waits_for_answers),
                STORY(parts_may_grow),
                STORY(parts_may_grow_while_the_table_is_read),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
