/* What a follower promises on every bus. MALL_TEST_KAFKA=host:port adds the Kafka adapter. */
#include "event/bus.h"

#include "testing/follow.h"
#include "testing/topic_tools.h"

#include <pthread.h>

enum { ALL = 1000 * 1000, CLOSE_MS = 5000 };

static void expect_silence(struct bus *bus)
{
        struct arena *arena = arena_open();
        struct error e;
        struct record r;

        check_int((int64_t)bus_poll(bus, &r, 1, 300, arena, &e), 0);
        check_int(e.kind, ERROR_NONE);
        arena_close(&arena);
}

static void records_arrive_with_all_that_they_have(void)
{
        const struct record_header headers[] = {{"ce_type", "A", 1}, {"none", NULL, 0}};
        struct record sent = {.key = "k",
                              .key_len = 1,
                              .value = "value",
                              .value_len = 5,
                              .headers = headers,
                              .header_count = 2,
                              .timestamp_ms = 1795358923623};
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *follower;
        struct arena *arena = arena_open();
        struct record got;

        publish(publisher, &sent, 1);
        follower = follow(url, ALL);
        hear(follower, &got, 1, arena);
        check_text(got.topic, broker ? topic_of(url) : "mall");
        check_int(got.partition, 0);
        check_int(got.offset, broker ? 0 : 1);
        check_int(got.timestamp_ms, 1795358923623);
        check(got.key_len == 1 && got.key[0] == 'k');
        check_text(got.value, "value");
        check_int((int64_t)got.header_count, 2);
        check_text(got.headers[0].name, "ce_type");
        check_text(got.headers[0].value, "A");
        check(!got.headers[1].value);
        arena_close(&arena);
        bus_close(&follower, CLOSE_MS);
        bus_close(&publisher, CLOSE_MS);
}

static void it_begins_with_the_last_records(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *follower;

        count_up(publisher, 0, 500);
        follower = follow(url, 100);
        check_int(hear_numbers(follower, 400, 100), 0);
        count_up(publisher, 500, 10);
        check_int(hear_numbers(follower, 500, 10), 0);
        check_int(bus_passed_over(follower), 0);
        bus_close(&follower, CLOSE_MS);
        follower = follow(url, ALL);
        check_int(hear_numbers(follower, 0, 510), 0);
        bus_close(&follower, CLOSE_MS);
        follower = follow(url, 0);
        expect_silence(follower);
        bus_close(&follower, CLOSE_MS);
        bus_close(&publisher, CLOSE_MS);
}

static void the_last_records_of_all_partitions_together(void)
{
        const char *url = story_url();
        struct bus *publisher, *follower;
        int older;

        if (!broker)
                return;
        make_topic(url, 4);
        publisher = open_publisher(url);
        count_up(publisher, 0, 2000);
        follower = follow(url, 200);
        older = hear_numbers(follower, 1960, 40);
        check(older >= 200 - 40 - 4 && older <= 200 - 40);
        bus_close(&follower, CLOSE_MS);
        bus_close(&publisher, CLOSE_MS);
}

/* A partition with few records leaves its part to the others. */
static void a_quiet_partition_takes_nothing_from_the_others(void)
{
        const char *url = story_url();
        struct bus *publisher, *follower;

        if (!broker)
                return;
        make_topic(url, 4);
        publisher = open_publisher(url);
        for (int i = 0; i < 100; i++)
                say(publisher, "the same", (char[2]){(char)('0' + i % 10)});
        follower = follow(url, 50);
        for (int i = 50; i < 100; i++)
                expect(follower, (char[2]){(char)('0' + i % 10)});
        expect_silence(follower);
        bus_close(&follower, CLOSE_MS);
        bus_close(&publisher, CLOSE_MS);
}

static void it_belongs_to_no_group(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *follower = follow(url, ALL);
        struct arena *arena = arena_open();
        struct record r;

        say(publisher, "1", "first");
        expect(follower, "first");
        check_int(count_groups(url, client_of(url)), 0);
        bus_close(&follower, CLOSE_MS);
        follower = follow(url, ALL);
        hear(follower, &r, 1, arena); /* it has no position that was kept */
        check_text(r.value, "first");
        check_int(count_groups(url, client_of(url)), 0);
        bus_close(&follower, CLOSE_MS);
        bus_close(&publisher, CLOSE_MS);
        arena_close(&arena);
}

/* What it has not seen may be deleted under it; more than it has fetched ahead. */
static void it_holds_up_no_deletion(void)
{
        enum { SIZE = 500 * 1000, COUNT = 150 };
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *follower = follow(url, ALL);
        struct arena *arena = arena_open();
        struct record r = {.value = arena_alloc(arena, SIZE), .value_len = SIZE};

        say(publisher, "1", "first");
        expect(follower, "first");
        for (int i = 0; i < COUNT; i++)
                publish(publisher, &r, 1);
        say(publisher, "1", "last");
        delete_records(url, COUNT + 1);
        for (int i = 0; i <= COUNT && r.value_len == SIZE; i++) {
                arena_reset(arena);
                hear(follower, &r, 1, arena);
        }
        check_text(r.value, "last");
        arena_close(&arena);
        bus_close(&follower, CLOSE_MS);
        bus_close(&publisher, CLOSE_MS);
}

static void far_behind_it_skips_ahead(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *follower;
        int heard;

        count_up(publisher, 0, 1);
        follower = follow(url, 50);
        check_int(hear_numbers(follower, 0, 1), 0);
        count_up(publisher, 1, 2999);
        heard = hear_numbers(follower, 2990, 10) + 10;
        check(heard >= 50);
        check(bus_passed_over(follower) > 0);
        check_int(bus_passed_over(follower) + heard, 2999);
        count_up(publisher, 3000, 10);
        check_int(hear_numbers(follower, 3000, 10), 0);
        bus_close(&follower, CLOSE_MS);
        bus_close(&publisher, CLOSE_MS);
}

static void it_waits_for_a_topic_that_does_not_exist(void)
{
        const char *url = story_url();
        struct bus *follower = follow(url, ALL), *publisher;

        for (int i = 0; i < 5; i++)
                expect_silence(follower);
        check(!topic_exists(url));
        publisher = open_publisher(url);
        count_up(publisher, 0, 20);
        check_int(hear_numbers(follower, 0, 20), 0);
        bus_close(&follower, CLOSE_MS);
        bus_close(&publisher, CLOSE_MS);
}

static void a_topic_made_anew_is_read_from_its_beginning(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *follower = follow(url, ALL);

        count_up(publisher, 0, 100);
        check_int(hear_numbers(follower, 0, 100), 0);
        bus_close(&publisher, CLOSE_MS);
        delete_topic(url);
        for (int i = 0; i < 6; i++)
                expect_silence(follower);
        publisher = open_publisher(url);
        count_up(publisher, 1000, 200);
        check_int(hear_numbers(follower, 1000, 200), 0);
        bus_close(&follower, CLOSE_MS);
        bus_close(&publisher, CLOSE_MS);
}

/* It did not look while the topic was away. */
static void a_topic_replaced_by_a_smaller_one(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *follower = follow(url, ALL);

        count_up(publisher, 0, 100);
        check_int(hear_numbers(follower, 0, 100), 0);
        bus_close(&publisher, CLOSE_MS);
        delete_topic(url);
        publisher = open_publisher(url);
        count_up(publisher, 1000, 20);
        check_int(hear_numbers(follower, 1000, 20), 0);
        bus_close(&follower, CLOSE_MS);
        bus_close(&publisher, CLOSE_MS);
}

/* Nor had it come to where it skipped to. */
static void a_topic_replaced_while_it_skips(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *follower = follow(url, 50);
        struct arena *arena = arena_open();
        struct record r;
        struct error e;

        count_up(publisher, 0, 1);
        check_int(hear_numbers(follower, 0, 1), 0);
        count_up(publisher, 1, 2999);
        while (!bus_passed_over(follower))
                bus_poll(follower, &r, 1, 0, arena, &e);
        arena_close(&arena);
        bus_close(&publisher, CLOSE_MS);
        delete_topic(url);
        publisher = open_publisher(url);
        count_up(publisher, 5000, 20);
        hear_numbers(follower, 5000, 20);
        bus_close(&follower, CLOSE_MS);
        bus_close(&publisher, CLOSE_MS);
}

static void partitions_that_are_added_are_followed(void)
{
        const char *url = story_url();
        struct bus *publisher, *follower;

        if (!broker)
                return;
        make_topic(url, 1);
        publisher = open_publisher(url);
        follower = follow(url, ALL);
        count_up(publisher, 0, 100);
        check_int(hear_numbers(follower, 0, 100), 0);
        enlarge_topic(url, 6);
        bus_close(&publisher, CLOSE_MS);
        publisher = open_publisher(url);
        count_up(publisher, 100, 100);
        check_int(hear_numbers(follower, 100, 100), 0);
        bus_close(&follower, CLOSE_MS);
        bus_close(&publisher, CLOSE_MS);
}

static void *poll_long(void *bus)
{
        struct arena *arena = arena_open();
        struct record r;
        struct error e;
        size_t count = bus_poll(bus, &r, 1, PATIENCE_MS, arena, &e);

        arena_close(&arena);
        return (void *)(uintptr_t)count;
}

static void wake_in_time(struct bus *follower)
{
        int64_t start = clock_mono_us();
        pthread_t thread;
        void *count;

        for (int i = 0; i < 3; i++) {
                pthread_create(&thread, NULL, poll_long, follower);
                usleep(i * 20000); /* before the wait, about when it begins, in it */
                bus_wake(follower);
                pthread_join(thread, &count);
                check_int((int64_t)(uintptr_t)count, 0);
        }
        check(clock_mono_us() - start < PATIENCE_MS * 1000);
}

static void waking_ends_a_wait(void)
{
        const char *url = story_url();
        struct bus *follower = follow(url, ALL), *publisher;

        wake_in_time(follower); /* there is no topic */
        publisher = open_publisher(url);
        say(publisher, "1", "first");
        expect(follower, "first");
        wake_in_time(follower);
        bus_close(&follower, CLOSE_MS);
        bus_close(&publisher, CLOSE_MS);
}

static void a_record_ends_a_wait(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *follower = follow(url, ALL);
        pthread_t thread;
        void *count;

        say(publisher, "1", "first");
        expect(follower, "first");
        pthread_create(&thread, NULL, poll_long, follower);
        say(publisher, "1", "second");
        pthread_join(thread, &count);
        check_int((int64_t)(uintptr_t)count, 1);
        bus_close(&follower, CLOSE_MS);
        bus_close(&publisher, CLOSE_MS);
}

static const struct story contract[] = {
        STORY(records_arrive_with_all_that_they_have),
        STORY(it_begins_with_the_last_records),
        STORY(the_last_records_of_all_partitions_together),
        STORY(a_quiet_partition_takes_nothing_from_the_others),
        STORY(it_belongs_to_no_group),
        STORY(it_holds_up_no_deletion),
        STORY(far_behind_it_skips_ahead),
        STORY(it_waits_for_a_topic_that_does_not_exist),
        STORY(a_topic_made_anew_is_read_from_its_beginning),
        STORY(a_topic_replaced_by_a_smaller_one),
        STORY(a_topic_replaced_while_it_skips),
        STORY(partitions_that_are_added_are_followed),
        STORY(waking_ends_a_wait),
        STORY(a_record_ends_a_wait),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return on_every_bus(contract, argc, argv);
}
