/* A Kafka cluster that answers for some partitions only: the others' records go on, all come
   once, in order per key. Needs no broker: the cluster is librdkafka's own mock. */
#include "event/relay.h"

#include "base/clock.h"
#include "event/kafka_inside.h"
#include "testing/thing.h"

#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>
#include <unistd.h>

enum {
        PATIENCE_US = 20 * 1000000,
        CLOSE_MS = 3000,
        PARTITIONS = 4,
        DEAD = 2, /* the partition that some stories take the leader from */
        KEYS = 26,
        MANY = 600,  /* of each key: of one partition alone more than may be under way; the mock
                        keeps 5 MiB of a partition */
        PRODUCE = 0, /* https://kafka.apache.org/protocol.html#protocol_api_keys */
        INIT_PRODUCER_ID = 22,
};

static struct {
        struct store *store;
        struct relay *relay;
        struct metrics *metrics;
        rd_kafka_t *cluster;
        rd_kafka_mock_cluster_t *mock;
        struct arena *arena;
        char url[200];
        int said[KEYS]; /* the last number that was said of each key */
} t;

static void start_relay(void)
{
        struct error e = {0};

        t.relay = relay_open(&(struct relay_config){.store = t.store,
                                                    .bus = {.url = t.url, .client = "things"},
                                                    .metrics = t.metrics},
                             &e);
        check_text(e.text, "");
}

static void begin(void)
{
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        struct error e = {0};
        char why[256];

        memset(&t, 0, sizeof t);
        t.store = store_open(&(struct store_config){.url = things_url(),
                                                    .service = things_service(),
                                                    .entities = thing_entities,
                                                    .readers = 1},
                             &e);
        check_text(e.text, "");
        t.metrics = metrics_open();
        t.arena = arena_open();
        t.cluster = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
        check(t.cluster && (t.mock = rd_kafka_mock_cluster_new(t.cluster, 1)));
        check(rd_kafka_mock_topic_create(t.mock, "mall", PARTITIONS, 1) ==
              RD_KAFKA_RESP_ERR_NO_ERROR);
        check(rd_kafka_mock_topic_create(t.mock, "error.mall.things", 1, 1) ==
              RD_KAFKA_RESP_ERR_NO_ERROR);
        snprintf(t.url, sizeof t.url, "kafka://%s/mall", rd_kafka_mock_cluster_bootstraps(t.mock));
        start_relay();
}

static void end(void)
{
        relay_close(&t.relay, CLOSE_MS);
        store_close(&t.store);
        metrics_close(&t.metrics);
        rd_kafka_mock_cluster_destroy(t.mock);
        rd_kafka_destroy(t.cluster);
        arena_close(&t.arena);
}

static int partition_of(int key)
{
        char name = (char)('a' + key);

        return rd_kafka_msg_partitioner_murmur2(NULL, &name, 1, PARTITIONS, NULL, NULL);
}

static void say_one(struct unit *unit, int key)
{
        char name[2] = {(char)('a' + key)};

        unit_announce(unit, &thing_said,
                      &(struct thing){.name = name, .qty = {true, ++t.said[key]}});
}

static void say_some(struct unit *unit, void *times)
{
        for (int i = 0; i < *(const int *)times; i++)
                for (int key = 0; key < KEYS; key++)
                        say_one(unit, key);
}

static void say_of_all(int times)
{
        check_int(things_do(t.store, say_some, &times), ERROR_NONE);
}

static int said_on(int partition)
{
        int sum = 0;

        for (int key = 0; key < KEYS; key++)
                sum += partition_of(key) == partition ? t.said[key] : 0;
        return sum;
}

static void wait_until_pending(int64_t count)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        while (outbox_pending(t.store) != count && clock_mono_us() < end_at)
                usleep(1000);
        check_int(outbox_pending(t.store), count);
}

/* All events are on the topic, each key's in order. once: none comes twice. */
static void heard_all(bool once)
{
        struct error e = {0};
        struct bus *bus =
                bus_open_reader(&(struct bus_config){.url = t.url, .client = "test"}, "test", &e);
        struct record records[100];
        int64_t end_at = clock_mono_us() + PATIENCE_US;
        int last[KEYS] = {0}, left = 0, quiet = 0;

        check_text(e.text, "");
        for (int key = 0; key < KEYS; key++)
                left += t.said[key];
        while ((left > 0 || quiet < 3) && clock_mono_us() < end_at) {
                struct arena *arena = arena_open();
                size_t count = bus_poll(bus, records, 100, 200, arena, &e);

                quiet = count ? 0 : quiet + 1;
                for (size_t i = 0; i < count; i++) {
                        int key = records[i].key[0] - 'a',
                            number = atoi(strstr(records[i].value, "\"qty\":") + 6);

                        check(number == last[key] + 1 || (!once && number <= last[key]));
                        left -= number == last[key] + 1;
                        last[key] = number > last[key] ? number : last[key];
                }
                arena_close(&arena);
        }
        check_int(left, 0);
        bus_close(&bus, CLOSE_MS);
}

static void set_leader(int partition, int broker)
{
        check(rd_kafka_mock_partition_set_leader(t.mock, "mall", partition, broker) ==
              RD_KAFKA_RESP_ERR_NO_ERROR);
}

static void a_partition_without_leader_holds_up_nothing_else(void)
{
        begin();
        set_leader(DEAD, -1);
        say_of_all(1);
        wait_until_pending(said_on(DEAD));
        say_of_all(MANY);
        wait_until_pending(said_on(DEAD));
        say_of_all(4);
        wait_until_pending(said_on(DEAD));
        set_leader(DEAD, 1);
        wait_until_pending(0);
        say_of_all(1);
        heard_all(true);
        end();
}

static void what_waits_for_a_leader_outlives_the_relay(void)
{
        int64_t begun;

        begin();
        set_leader(DEAD, -1);
        say_of_all(2);
        wait_until_pending(said_on(DEAD));
        begun = clock_mono_us();
        relay_close(&t.relay, 1000);
        check(clock_mono_us() - begun < PATIENCE_US / 4);
        say_of_all(1);
        set_leader(DEAD, 1);
        start_relay();
        wait_until_pending(0);
        heard_all(true); /* none of it was sent before */
        end();
}

static void publish_dead_letter(struct unit *unit, void *arg)
{
        struct text headers = text_open(unit_arena(unit), 100);

        (void)arg;
        packed_headers_add(&headers, PACKED_FOR_OUTBOX, "x-original-topic", "mall", 4);
        unit_publish(unit, "error.mall.things", "k", "{", 1, &headers);
}

/* For a topic with an error the mock still lists partitions, which a broker does not; librdkafka
   2.8 crashes on that (its issue 4907). */
static void a_dead_letter_that_is_not_permitted_holds_up_nothing(void)
{
        if (rd_kafka_version() >= 0x02060000)
                return;
        begin();
        rd_kafka_mock_topic_set_error(t.mock, "error.mall.things",
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
        say_of_all(1);
        for (int i = 0; i < 3; i++) {
                check_int(things_do(t.store, publish_dead_letter, NULL), ERROR_NONE);
                say_of_all(1);
        }
        wait_until_pending(3);
        say_of_all(3);
        wait_until_pending(3);
        heard_all(true);
        relay_close(&t.relay, CLOSE_MS);
        rd_kafka_mock_topic_set_error(t.mock, "error.mall.things", RD_KAFKA_RESP_ERR_NO_ERROR);
        start_relay(); /* tries it at once; else it is a minute */
        wait_until_pending(0);
        end();
}

static void answers_that_are_late_make_nothing_come_twice(void)
{
        begin();
        say_of_all(1);
        wait_until_pending(0);
        rd_kafka_mock_broker_set_rtt(t.mock, 1,
                                     4000); /* more than a lane is given before it stands still */
        say_of_all(2);
        usleep(500 * 1000);
        say_of_all(MANY);
        rd_kafka_mock_broker_set_rtt(t.mock, 1, 0);
        wait_until_pending(0);
        heard_all(true);
        end();
}

static void answer_with(const rd_kafka_resp_err_t *answers, size_t count)
{
        for (size_t i = 0; i < count; i++)
                for (size_t times = 1; times <= 3; times += 2) {
                        rd_kafka_resp_err_t errors[] = {answers[i], answers[i], answers[i]};

                        rd_kafka_mock_push_request_errors_array(t.mock, PRODUCE, times, errors);
                        say_of_all(1);
                        wait_until_pending(0);
                }
        say_of_all(1);
        wait_until_pending(0);
}

/* Every answer that a broker may give to a produce request, once or a few times. Only one record
   of each key is under way: the mock ignores sequence numbers, so it takes a batch after one
   that it has just refused, which a broker does not. */
static void no_answer_loses_anything(void)
{
        static const rd_kafka_resp_err_t not_taken[] = {
                RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
                RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
                RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
                RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
                RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
                RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
                RD_KAFKA_RESP_ERR__TRANSPORT,
        };
        static const rd_kafka_resp_err_t lost_count[] = {
                RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID,
                RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
                RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
        };

        begin();
        answer_with(not_taken, sizeof not_taken / sizeof *not_taken);
        heard_all(true);
        end();
        begin();
        answer_with(lost_count, sizeof lost_count / sizeof *lost_count);
        heard_all(false);
        end();
}

static void a_record_too_large_for_the_broker_is_parked(void)
{
        begin();
        say_of_all(1);
        wait_until_pending(0);
        rd_kafka_mock_push_request_errors(t.mock, PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        check_int(things_do(t.store, thing_add_and_say, &(struct thing){.name = "!"}), ERROR_NONE);
        wait_until_pending(0);
        say_of_all(1);
        wait_until_pending(0);
        heard_all(true);
        check_text(things_waiting(t.store, t.arena), "");
        end();
}

static void a_cluster_that_gives_no_session_at_first(void)
{
        begin();
        rd_kafka_mock_push_request_errors(
                t.mock, INIT_PRODUCER_ID, 3, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
        say_of_all(1);
        wait_until_pending(0);
        heard_all(true);
        end();
}

static void a_broker_that_went_down_and_came_back(void)
{
        begin();
        say_of_all(1);
        wait_until_pending(0);
        rd_kafka_mock_broker_set_down(t.mock, 1);
        say_of_all(1);
        say_of_all(MANY);
        check_int(outbox_pending(t.store), (int64_t)KEYS * (1 + MANY));
        rd_kafka_mock_broker_set_up(t.mock, 1);
        wait_until_pending(0);
        heard_all(true);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_partition_without_leader_holds_up_nothing_else),
                STORY(what_waits_for_a_leader_outlives_the_relay),
                STORY(a_dead_letter_that_is_not_permitted_holds_up_nothing),
                STORY(answers_that_are_late_make_nothing_come_twice),
                STORY(a_broker_that_went_down_and_came_back),
                STORY(a_cluster_that_gives_no_session_at_first),
                STORY(a_record_too_large_for_the_broker_is_parked),
                STORY(no_answer_loses_anything),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
