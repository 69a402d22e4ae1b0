/* Consuming goes wrong on purpose, and each event is applied once, in the order of its key. On
   every bus. */
#include "testing/flow.h"

static void an_event_is_applied_late_and_at_once_when_the_fault_ends(void)
{
        begin();
        start_inbox();
        switch_on("{\"kind\":\"consume-delay\",\"delay\":\"60s\",\"key\":\"b\"}");
        announce("a", 5);
        hears_all();
        announce("b", 5);
        wait_until_struck("consume-delay");
        check_int(heard(), 5);
        faults_clear(t.faults);
        hears_all();
        end();
}

static void events_that_are_late_by_chance_are_all_applied(void)
{
        begin();
        start_inbox();
        switch_on("{\"kind\":\"consume-delay\",\"p50\":\"5ms\",\"p99\":\"50ms\",\"rate\":0.5}");
        for (int i = 0; i < 30; i++)
                announce("abc", 3);
        hears_all();
        check(struck("consume-delay") > 0);
        end();
}

/* What was not applied was not committed. */
static void closes_while(const char *fault, const char *kind)
{
        begin();
        start_inbox();
        announce("ab", 1);
        hears_all();
        usleep(200 * 1000); /* so that it already waits for records */
        switch_on(fault);
        announce("ab", 5);
        wait_until_struck(kind);
        inbox_close(&t.inbox, CLOSE_MS);
        check_int(heard(), 2);
        faults_clear(t.faults);
        start_inbox();
        hears_all();
        end();
}

static void nothing_is_lost_when_it_closes_while_an_event_is_late(void)
{
        closes_while("{\"kind\":\"consume-delay\",\"delay\":\"60s\"}", "consume-delay");
}

static void nothing_is_lost_when_it_closes_in_a_pause(void)
{
        closes_while("{\"kind\":\"consume-pause\"}", "consume-pause");
}

static void an_event_that_is_delivered_twice_is_applied_once(void)
{
        begin();
        start_inbox();
        switch_on("{\"kind\":\"consume-twice\",\"eventType\":\"ThingSaid\"}");
        announce("ab", 20);
        hears_all();
        wait_for(duplicates(), 40);
        check_int(struck("consume-twice"), 40);
        check_int(letters(NULL), 0);
        end();
}

static void what_cannot_be_read_twice_is_one_dead_letter(void)
{
        begin();
        start_inbox();
        switch_on("{\"kind\":\"publish-garbage\"}");
        switch_on("{\"kind\":\"consume-twice\"}");
        announce("ab", 5);
        hears_all();
        wait_for(duplicates(), 20);
        check_int(letters(NULL), 10);
        end();
}

static void keys_change_places_and_each_keeps_its_order(void)
{
        int64_t overtaken = 0;

        begin();
        announce("abc", 30);
        wait_for(-outbox_pending(t.sender), 0);
        switch_on("{\"kind\":\"consume-reorder\"}");
        start_inbox();
        hears_all();
        check(struck("consume-reorder") > 0);
        for (int64_t id = 2; id <= t.all; id++)
                overtaken += things_get(t.hearer, id, t.arena)->name[0] <
                             things_get(t.hearer, id - 1, t.arena)->name[0];
        if (!broker) /* all in one poll: c, then b, then a */
                check_int(overtaken, 2);
        end();
}

/* As they come, one by one: the fault gathers some. */
static void keys_change_places_where_few_events_come(void)
{
        bool turned = false;

        begin();
        start_inbox();
        switch_on("{\"kind\":\"consume-reorder\"}");
        for (int i = 0; i < 20 && !turned; i++) {
                announce("a", 1);
                usleep(20000);
                announce("b", 1);
                hears_all();
                turned = things_get(t.hearer, t.all - 1, t.arena)->name[0] == 'b';
        }
        check(turned);
        end();
}

/* The disk of who hears is slow, and then full: it tries again until it is not. */
static void events_wait_for_a_store_that_refuses_its_commits(void)
{
        begin();
        start_inbox();
        switch_on("{\"kind\":\"slow-disk\",\"delay\":\"20ms\"}");
        switch_on("{\"kind\":\"refused-commit\"}");
        announce("ab", 20);
        wait_for(struck("refused-commit") > 2, 1);
        check_int(heard(), 0);
        check(!store_is_well(t.hearer));
        faults_clear(t.faults);
        hears_all();
        check_int(letters(NULL), 0);
        wait_for(store_is_well(t.hearer), 1);
        end();
}

#define LAG "kafka_consumer_records_lag{"

static int64_t lag(void)
{
        return number_in(t.metrics, LAG);
}

/* A dead consumer that looks alive: only its lag shows it. */
static void a_pause_shows_in_the_lag_alone(void)
{
        char why[256];

        begin();
        start_inbox();
        announce("abcdef", 2);
        hears_all();
        switch_on("{\"kind\":\"consume-pause\"}");
        wait_until_struck("consume-pause");
        announce("abcdef", 50);
        wait_for(lag(), 300);
        check_int(heard(), 12);
        check(inbox_is_well(t.inbox, why));
        check_int(struck("consume-pause"), 1);
        faults_clear(t.faults);
        hears_all();
        end();
}

/* A reader that does not read from its very start: none of the partitions has a position. */
static void the_lag_counts_from_where_a_new_group_begins(void)
{
        begin();
        switch_on("{\"kind\":\"consume-pause\"}");
        start_inbox();
        wait_until_struck("consume-pause");
        announce("abcdef", 50);
        wait_for(lag(), 300);
        check_int(heard(), 0);
        faults_clear(t.faults);
        hears_all();
        wait_for(-lag(), 0);
        end();
}

/* The group has read some, and this reader of it none. */
static void the_lag_counts_from_where_a_group_goes_on(void)
{
        struct metrics *seen = metrics_open();

        begin();
        start_inbox();
        announce("abcdef", 10);
        hears_all();
        inbox_close(&t.inbox, CLOSE_MS);
        announce("abcdef", 20);
        switch_on("{\"kind\":\"consume-pause\"}");
        t.inbox = open_inbox(t.faults, seen);
        wait_for(number_in(seen, LAG), 120);
        check_int(heard(), 60);
        faults_clear(t.faults);
        hears_all();
        inbox_close(&t.inbox, CLOSE_MS);
        metrics_close(&seen);
        end();
}

static void what_waits_for_its_first_commit_lags(void)
{
        begin();
        switch_on("{\"kind\":\"refused-commit\"}");
        start_inbox();
        announce("abcdef", 50);
        wait_for(lag(), 300);
        check_int(heard(), 0);
        faults_clear(t.faults);
        hears_all();
        end();
}

/* The one in the pause gives partitions to those that come, one after the other, and holds up
   nobody. */
static void members_come_while_another_pauses(void)
{
        struct metrics *seen[2] = {metrics_open(), metrics_open()};
        struct inbox *others[2];

        begin();
        start_inbox();
        announce("abcdef", 2);
        hears_all();
        switch_on("{\"kind\":\"consume-pause\"}");
        wait_until_struck("consume-pause");
        announce("abcdef", 20);
        for (int i = 0; i < 2; i++) {
                int64_t give_up = clock_mono_us() + PATIENCE_MS * 1000;

                others[i] = open_inbox(NULL, seen[i]);
                while (!number_in(seen[i], "mall_events_") && clock_mono_us() < give_up) {
                        announce("abcdef", 1);
                        usleep(50000);
                }
                check(number_in(seen[i], "mall_events_") > 0);
        }
        faults_clear(t.faults);
        hears_all();
        for (int i = 0; i < 2; i++) {
                inbox_close(&others[i], CLOSE_MS);
                metrics_close(&seen[i]);
        }
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_event_is_applied_late_and_at_once_when_the_fault_ends),
                STORY(events_that_are_late_by_chance_are_all_applied),
                STORY(nothing_is_lost_when_it_closes_while_an_event_is_late),
                STORY(nothing_is_lost_when_it_closes_in_a_pause),
                STORY(an_event_that_is_delivered_twice_is_applied_once),
                STORY(what_cannot_be_read_twice_is_one_dead_letter),
                STORY(keys_change_places_and_each_keeps_its_order),
                STORY(keys_change_places_where_few_events_come),
                STORY(events_wait_for_a_store_that_refuses_its_commits),
                STORY(a_pause_shows_in_the_lag_alone),
                STORY(the_lag_counts_from_where_a_new_group_begins),
                STORY(the_lag_counts_from_where_a_group_goes_on),
                STORY(what_waits_for_its_first_commit_lags),
                STORY(members_come_while_another_pauses),
                {NULL, NULL},
        };

        return on_every_bus(stories, argc, argv);
}
