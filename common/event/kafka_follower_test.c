/* A follower on a Kafka cluster that is away for a while, in whole or in part. Needs no broker: the
   cluster is librdkafka's own mock. */
#include "event/bus.h"

#include "base/clock.h"
#include "event/kafka_inside.h"
#include "testing/check.h"
#include "testing/publish.h"

#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
        PATIENCE_US = 30 * 1000 * 1000,
        CLOSE_MS = 2000,
        PARTITIONS = 4,
        DEAD = 2,
        BROKER = 1,
        OTHER_BROKER = 2
};

static struct {
        rd_kafka_t *cluster;
        rd_kafka_mock_cluster_t *mock;
        struct bus *publisher, *follower;
        struct arena *arena;
        struct bus_config config;
        char url[200];
} t;

static void begin(int brokers)
{
        struct error e = {0};
        char why[256];

        memset(&t, 0, sizeof t);
        t.arena = arena_open();
        t.cluster = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof why);
        check(t.cluster && (t.mock = rd_kafka_mock_cluster_new(t.cluster, brokers)));
        check(rd_kafka_mock_topic_create(t.mock, "mall", PARTITIONS, 1) ==
              RD_KAFKA_RESP_ERR_NO_ERROR);
        snprintf(t.url, sizeof t.url, "kafka://%s/mall", rd_kafka_mock_cluster_bootstraps(t.mock));
        t.config = (struct bus_config){.url = t.url, .client = "test"};
        t.publisher = bus_open_publisher(&t.config, &e);
        t.follower = bus_open_follower(&t.config, 1000, &e);
        check(t.publisher && t.follower);
}

static void end(void)
{
        bus_close(&t.follower, CLOSE_MS);
        bus_close(&t.publisher, CLOSE_MS);
        rd_kafka_mock_cluster_destroy(t.mock);
        rd_kafka_destroy(t.cluster);
        arena_close(&t.arena);
}

/* A key of that partition. */
static char key_of(int partition)
{
        char key = 'a';

        while (rd_kafka_msg_partitioner_murmur2(NULL, &key, 1, PARTITIONS, NULL, NULL) != partition)
                key++;
        return key;
}

static void say(int partition, const char *value)
{
        char key = key_of(partition);
        struct record r = {.key = &key, .key_len = 1, .value = value, .value_len = strlen(value)};
        struct error e;

        check_int((int64_t)bus_publish(t.publisher, &r, 1, 20000, &e), 1);
}

static void expect(int partition, const char *value)
{
        int64_t until = clock_mono_us() + PATIENCE_US;
        struct record r = {0};
        struct error e;

        while (!bus_poll(t.follower, &r, 1, 500, t.arena, &e))
                check(clock_mono_us() < until);
        check_text(r.value, value);
        check_int(r.partition, partition);
}

static void until_away(void)
{
        int64_t until = clock_mono_us() + PATIENCE_US;
        struct record r;
        struct error e;

        do {
                check(clock_mono_us() < until);
                check_int((int64_t)bus_poll(t.follower, &r, 1, 300, t.arena, &e), 0);
        } while (e.kind != ERROR_UNAVAILABLE);
}

static void it_goes_on_when_the_broker_is_back(void)
{
        begin(1);
        say(0, "before");
        expect(0, "before");
        rd_kafka_mock_broker_set_down(t.mock, BROKER);
        until_away();
        rd_kafka_mock_broker_set_up(t.mock, BROKER);
        say(0, "after");
        expect(0, "after");
        say(1, "elsewhere");
        expect(1, "elsewhere");
        check_int(bus_passed_over(t.follower), 0);
        end();
}

static void it_closes_at_once_while_the_broker_is_away(void)
{
        int64_t start;

        begin(1);
        say(0, "before");
        expect(0, "before");
        rd_kafka_mock_broker_set_down(t.mock, BROKER);
        until_away();
        start = clock_mono_us();
        bus_close(&t.follower, CLOSE_MS);
        check(clock_mono_us() - start < PATIENCE_US);
        end();
}

/* It is read from its beginning once it answers. */
static void a_partition_without_a_leader_holds_up_no_other(void)
{
        begin(1);
        say(DEAD, "one");
        rd_kafka_mock_partition_set_leader(t.mock, "mall", DEAD, -1);
        say(DEAD - 1, "alive");
        expect(DEAD - 1, "alive");
        say(DEAD + 1, "alive as well");
        expect(DEAD + 1, "alive as well");
        rd_kafka_mock_partition_set_leader(t.mock, "mall", DEAD, BROKER);
        expect(DEAD, "one");
        say(DEAD, "two");
        expect(DEAD, "two");
        end();
}

/* Asking for the end of such a partition takes all the time that a look has. */
static void partitions_of_a_dead_broker_hold_up_no_other(void)
{
        begin(2);
        for (int i = 0; i < PARTITIONS; i++)
                rd_kafka_mock_partition_set_leader(t.mock, "mall", i,
                                                   i < 2 ? OTHER_BROKER : BROKER);
        say(0, "one");
        rd_kafka_mock_broker_set_down(t.mock, OTHER_BROKER);
        say(3, "alive");
        expect(3, "alive");
        rd_kafka_mock_broker_set_up(t.mock, OTHER_BROKER);
        expect(0, "one");
        end();
}

static bool cut_off(void *arg, const struct record *record)
{
        (void)arg, (void)record;
        rd_kafka_mock_broker_set_down(t.mock, BROKER);
        return true;
}

static void *stop_soon(void *stop)
{
        usleep(1500 * 1000);
        atomic_store((_Atomic bool *)stop, true);
        return NULL;
}

/* Of a topic that is larger than what comes at once. */
static void reading_through_is_stopped_while_the_broker_is_away(void)
{
        enum { SIZE = 800 * 1000, COUNT = 5, APART_MS = 200 };
        static char value[SIZE];
        static _Atomic bool stop; /* a failure does not wait for the thread */
        struct bus_through through = {.take = cut_off, .stop = &stop};
        struct record r = {.key = "k", .key_len = 1, .value = value, .value_len = SIZE};
        struct error e = {0};
        pthread_t thread;

        begin(1);
        for (int i = 0; i < COUNT; i++)
                check_int((int64_t)bus_publish(t.publisher, &r, 1, 20000, &e), 1);
        atomic_store(&stop, false);
        /* what comes meanwhile is less than all of it */
        check_int(rd_kafka_mock_broker_set_rtt(t.mock, BROKER, APART_MS), 0);
        check(pthread_create(&thread, NULL, stop_soon, &stop) == 0);
        check(!bus_read_through(&t.config, &through, &e));
        check_contains(e.text, "stopped");
        pthread_join(thread, NULL);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(it_goes_on_when_the_broker_is_back),
                STORY(it_closes_at_once_while_the_broker_is_away),
                STORY(a_partition_without_a_leader_holds_up_no_other),
                STORY(reading_through_is_stopped_while_the_broker_is_away),
                STORY(partitions_of_a_dead_broker_hold_up_no_other),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
