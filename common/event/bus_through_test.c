/* Reading a topic from its beginning to its end without a group: of the contract for every bus.
   MALL_TEST_KAFKA=host:port adds the Kafka adapter. */
#include "event/bus.h"

#include "testing/topic_tools.h"

enum { CLOSE_MS = 5000, NUMBERS = 1500 };

static struct {
        int count, enough; /* records; 0: all */
        bool in_order;     /* the numbers of each partition */
        int last[8];       /* of each partition */
        int drops;
        struct record first;
        struct error error;
} t;

static bool take(void *arg, const struct record *r)
{
        int number = atoi(r->value);

        check(arg == &t);
        if (!t.count++) {
                t.first = *r;
                check_text(r->headers[0].name, "ce_type");
                check(r->headers[0].len == 1 && r->headers[0].value[0] == 'A');
                check(r->key_len == r->value_len && memcmp(r->key, r->value, r->key_len) == 0);
        }
        t.in_order = t.in_order && number > t.last[r->partition];
        t.last[r->partition] = number;
        return t.count != t.enough;
}

static void note_drop(void *arg, int32_t partition)
{
        (void)arg;
        check_int(partition, 0);
        t.drops++;
}

static bool read_through(const char *url, const _Atomic bool *stop)
{
        struct bus_config config = {.url = url, .client = "through", .quiet = true};
        struct bus_through through = {.take = take, .dropped = note_drop, .arg = &t, .stop = stop};
        int enough = t.enough;

        memset(&t, 0, sizeof t);
        t.enough = enough;
        t.in_order = true;
        for (size_t i = 0; i < sizeof t.last / sizeof *t.last; i++)
                t.last[i] = -1;
        return bus_read_through(&config, &through, &t.error);
}

/* Numbers from 0 on; each is the key of its own record. */
static void say_numbers(struct bus *publisher, int count)
{
        struct record_header header = {"ce_type", "A", 1};
        struct arena *arena = arena_open();
        struct record batch[100];

        for (int done = 0; done < count; done += 100) {
                int more = count - done < 100 ? count - done : 100;

                for (int i = 0; i < more; i++) {
                        char *text = arena_printf(arena, "%d", done + i);

                        batch[i] = (struct record){.key = text,
                                                   .key_len = strlen(text),
                                                   .value = text,
                                                   .value_len = strlen(text),
                                                   .headers = &header,
                                                   .header_count = 1,
                                                   .timestamp_ms = 1795358923623};
                }
                publish(publisher, batch, (size_t)more);
        }
        arena_close(&arena);
}

static void all_is_read_once_and_in_order(void)
{
        const char *url = story_url();
        struct bus *publisher;

        if (broker)
                make_topic(url, 4);
        publisher = open_publisher(url);
        say_numbers(publisher, NUMBERS);
        check(read_through(url, NULL));
        check_int(t.count, NUMBERS);
        check(t.in_order);
        check_int(t.drops, 0);
        check_int(t.first.timestamp_ms, 1795358923623);
        check_int(count_groups(url, "through"), 0);
        bus_close(&publisher, CLOSE_MS);
}

static void it_ends_when_it_was_enough(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url);

        say_numbers(publisher, NUMBERS);
        t.enough = 700;
        check(read_through(url, NULL));
        check_int(t.count, 700);
        t.enough = 0;
        bus_close(&publisher, CLOSE_MS);
}

static void what_was_deleted_is_told(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url);

        say_numbers(publisher, 100);
        say_numbers(publisher, 1); /* the log keeps its last row, which may have many records */
        delete_records(url, 100);
        say_numbers(publisher, 100);
        check(read_through(url, NULL));
        check_int(t.drops, 1);
        check_int(t.count, 101);
        bus_close(&publisher, CLOSE_MS);
}

/* The partition's last record marks the end of a transaction, and is nobody's. */
static void say_in_transaction(const char *url)
{
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char why[256], servers[200], seven[] = "7";
        rd_kafka_headers_t *headers = rd_kafka_headers_new(1);
        rd_kafka_t *rk;

        snprintf(servers, sizeof servers, "%s", broker);
        rd_kafka_conf_set(conf, "bootstrap.servers", servers, why, sizeof why);
        rd_kafka_conf_set(conf, "transactional.id", topic_of(url), why, sizeof why);
        rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
        check(rk && !rd_kafka_init_transactions(rk, PATIENCE_MS) &&
              !rd_kafka_begin_transaction(rk));
        rd_kafka_header_add(headers, "ce_type", -1, "A", 1);
        check(!rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic_of(url)), RD_KAFKA_V_KEY(seven, 1),
                                 RD_KAFKA_V_VALUE(seven, 1), RD_KAFKA_V_HEADERS(headers),
                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END));
        check(!rd_kafka_commit_transaction(rk, PATIENCE_MS));
        rd_kafka_destroy(rk);
}

static void a_transaction_may_be_the_end(void)
{
        const char *url = story_url();

        if (!broker)
                return;
        make_topic(url, 1);
        say_in_transaction(url);
        /* the broker may still be writing the transaction's end */
        t.count = 0;
        for (int i = 0; i < PATIENCE_MS / 10 && !t.count; i++) {
                check(read_through(url, NULL));
                usleep(10000);
        }
        check_int(t.count, 1);
}

static void an_empty_topic_has_an_end_too(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url);
        struct error e = {0};

        while (!bus_parts(publisher, &e))
                ;
        check(read_through(url, NULL));
        check_int(t.count, 0);
        bus_close(&publisher, CLOSE_MS);
}

static void a_topic_that_does_not_exist_is_an_error(void)
{
        const char *url = story_url();

        check(!read_through(url, NULL));
        check_contains(t.error.text, broker ? topic_of(url) : "mall.log");
        check(!topic_exists(url));
}

static void it_can_be_stopped(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url);
        _Atomic bool stop = true;

        say_numbers(publisher, 100);
        check(!read_through(url, &stop));
        check_contains(t.error.text, "stopped");
        bus_close(&publisher, CLOSE_MS);
}

/* ---- another topic than the bus's own ---- */

static char other[300]; /* its name */
static int others;      /* topics that were listed */

static void count_other(void *arg, const char *topic)
{
        check(arg == &t);
        check_contains(topic, "error.");
        others += strcmp(topic, other) == 0;
}

static void count_topics(const char *url, const char *prefix)
{
        struct bus_config config = {.url = url, .client = "through", .quiet = true};
        struct error e = {0};

        others = 0;
        check(bus_list_topics(&config, prefix, count_other, &t, &e));
}

static bool take_any(void *arg, const struct record *r)
{
        check(arg == &t);
        check_text(r->topic, other);
        check_int(atoi(r->value), ++t.count);
        return true;
}

static int read_other(const char *url)
{
        struct bus_config config = {.url = url, .client = "through", .quiet = true, .topic = other};
        struct bus_through through = {.take = take_any, .arg = &t};

        t.count = 0;
        check(bus_read_through(&config, &through, &t.error));
        return t.count;
}

static void say_other(struct bus *publisher, const char *value)
{
        struct record r = {.topic = other, .value = value, .value_len = strlen(value)};

        publish(publisher, &r, 1);
        check_int(became[0].result, BUS_PUBLISHED);
}

static void another_topic_is_read_too(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url);
        struct error e = {0};

        while (!bus_parts(publisher, &e)) /* on the log that makes the file */
                ;
        snprintf(other, sizeof other, "error.%s.x", broker ? topic_of(url) : "mall");
        count_topics(url, "error.");
        check_int(others, 0);
        check_int(read_other(url), 0); /* it does not exist, and is not made */
        count_topics(url, "error.");
        check_int(others, 0);
        say_numbers(publisher, 100);
        say_other(publisher, "1");
        say_numbers(publisher, 100);
        say_other(publisher, "2");
        check_int(read_other(url), 2);
        check(read_through(url, NULL));
        check_int(t.count, 200);
        check_int(count_groups(url, "through"), 0);
        bus_close(&publisher, CLOSE_MS);
}

static void topics_are_listed_by_their_beginning(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url);

        snprintf(other, sizeof other, "error.%s.", broker ? topic_of(url) : "mall");
        say(publisher, NULL, "1");
        say_other(publisher, "1");
        count_topics(url, other);
        check_int(others, 0); /* no more than the beginning */
        strcat(other, "b");
        say_other(publisher, "1");
        say_other(publisher, "2");
        count_topics(url, "error.");
        check_int(others, 1);
        count_topics(url, other);
        check_int(others, 0);
        count_topics(url, "error.a"); /* it comes after that, and does not begin so */
        check_int(others, 0);
        bus_close(&publisher, CLOSE_MS);
}

static void topics_of_a_bus_that_is_away_cannot_be_listed(void)
{
        struct bus_config config = {.url = "log:/nowhere/mall.log", .quiet = true};
        struct error e = {0};

        check(!bus_list_topics(&config, "error.", count_other, &t, &e));
        check_contains(e.text, "/nowhere/mall.log");
        config.url = "mqtt://x/y";
        check(!bus_list_topics(&config, "error.", count_other, &t, &e));
        check_int(e.kind, ERROR_BAD_INPUT);
}

static void wrong_urls_are_told(void)
{
        check(bus_url_is_right("log:x") && bus_url_is_right("kafka://a:1,b:2/mall"));
        check(!bus_url_is_right("log:") && !bus_url_is_right("kafka://a:1") &&
              !bus_url_is_right("kafka:///mall") && !bus_url_is_right("kafka://a:1/a/b") &&
              !bus_url_is_right("mall.log"));
        check(!read_through("mqtt://x/y", NULL));
        check_int(t.error.kind, ERROR_BAD_INPUT);
}

static const struct story contract[] = {
        STORY(all_is_read_once_and_in_order),
        STORY(it_ends_when_it_was_enough),
        STORY(what_was_deleted_is_told),
        STORY(a_transaction_may_be_the_end),
        STORY(an_empty_topic_has_an_end_too),
        STORY(a_topic_that_does_not_exist_is_an_error),
        STORY(it_can_be_stopped),
        STORY(another_topic_is_read_too),
        STORY(topics_are_listed_by_their_beginning),
        STORY(topics_of_a_bus_that_is_away_cannot_be_listed),
        STORY(wrong_urls_are_told),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return on_every_bus(contract, argc, argv);
}
