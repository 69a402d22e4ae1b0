/* The relay on a bus that gives records back, refuses them, is closed or away: nothing is lost,
   and each key keeps its order. */
#include "testing/relay_story.h"

#include "testing/overheard.h"

static bool is_shared(void)
{
        return store_is_shared(t.store);
}

static void wait_until_said(const char *line)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        while (!overheard(line) && clock_mono_us() < end_at)
                usleep(1000);
        check_int(overheard(line), 1);
}

static void what_happens_is_said_once(void)
{
        begin();
        overhear();
        say("b", 1, 0);
        wait_until_pending(0);
        check_int(overheard("the bus"), 0);
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
        wait_until_said("the bus's topic takes no records; they wait in the outbox "
                        "error.message=\"so it is told\"");
        wait_until_said("a topic takes records again");
        doom('!', CLOSE, 0);
        say_dead();
        wait_until_said("records for another topic cannot be published now");
        check_int(overheard("the bus's topic"), 1);
        check_int(overheard("the bus is away"), 2);
        check_int(overheard("the bus is back"), 2);
        check_int(overheard("a topic takes"), 1);
        end();
        overhear_no_more();
}

static void records_given_back_come_again_in_order(void)
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
                none_is_parked(true);
                doom('b', REFUSE, 1);
                say("abc", 3, 0);
                wait_until_pending(1);
                check_int((int64_t)heard_count(0), 10); /* it holds up nobody, ... */
                none_is_parked(false);
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

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(what_happens_is_said_once),
                STORY(records_given_back_come_again_in_order),
                STORY(what_is_not_taken_comes_again_in_order),
                STORY(a_bus_without_parts_is_waited_for),
                STORY(what_is_refused_is_parked),
                STORY(a_refused_one_is_not_passed_over_when_parking_fails),
                STORY(a_failed_read_of_the_outbox_is_tried_again),
                STORY(another_topic_that_is_closed_holds_up_nothing),
                STORY(the_own_topic_closed_is_tried_by_one_record),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
