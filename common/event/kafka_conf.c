/* kafka_conf - what a client of librdkafka is told, by its role; and what it logs. */
#include "event/kafka_inside.h"

#include "base/clock.h"
#include "base/log.h"
#include "event/kafka_properties.h"

#define LITTLE_KB "2048" /* of queue */

enum { LOG_EVERY_US = 10 * 1000 * 1000 };

struct property {
        const char *name, *value;
        bool newer; /* than the oldest librdkafka that we build with */
};

static const struct property of_both[] = {
        {"socket.nagle.disable", "true"},
        {"socket.keepalive.enable", "true"},
        {"reconnect.backoff.ms", "100"},
        {"reconnect.backoff.max.ms", "1000"},
        {"socket.connection.setup.timeout.ms", "5000"},
        {"topic.metadata.refresh.interval.ms", "5000"},
        {"log.connection.close", "false"},
        {NULL, NULL},
};

static const struct property of_publishers[] = {
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"linger.ms", "5"}, /* hardly ever waited for: kafka_publisher.c flushes each batch */
        {"message.timeout.ms",
         "0"}, /* never: sent again, as a new message, the record would be there twice */
        {"max.in.flight.requests.per.connection",
         "1"}, /* a gap in the sequence numbers, which ends the session, needs two */
        {"compression.type", "none"},
        {"queue.buffering.max.kbytes", "65536"}, /* the caller's window is the bound */
        {NULL, NULL},
};

static const struct property of_readers[] = {
        {"partition.assignment.strategy", "range"},
        {"auto.offset.reset", "earliest"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"session.timeout.ms", "10000"},
        {"fetch.min.bytes", "1"},
        {"fetch.max.bytes", "2097152"},
        {"fetch.error.backoff.ms", "100"},
        {"fetch.queue.backoff.ms", "10", true}, /* by default it stands still for a second when the
                                                   queue is full */
        {"queued.max.messages.kbytes", "2048"},
        {NULL, NULL},
};

static const struct property of_followers[] = {
        {"auto.offset.reset", "earliest"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"enable.partition.eof", "true"},
        {"fetch.min.bytes", "65536"}, /* under load some large fetches instead of many small ones */
        {"fetch.wait.max.ms", "20"},
        {"fetch.max.bytes", "2097152"},
        {"fetch.error.backoff.ms", "100"},
        {"fetch.queue.backoff.ms", "10", true},
        {"queued.max.messages.kbytes",
         "32768"}, /* librdkafka up to 2.1 stands still for up to a second when it is full; others
                      need little (below) */
        {NULL, NULL},
};

static const struct property *const of_role[] = {
        [KAFKA_PUBLISHES] = of_publishers,
        [KAFKA_READS] = of_readers,
        [KAFKA_FOLLOWS] = of_followers,
        [KAFKA_LOOKS_BACK] = of_followers,
};

static void warn(const char *client, const char *message)
{
        static _Atomic int64_t last;
        int64_t now = clock_mono_us(), before = atomic_load(&last);

        if ((before && now - before < LOG_EVERY_US) ||
            !atomic_compare_exchange_strong(&last, &before, now))
                return;
        log_write(LOG_WARN, "Kafka client", "kafka.client", client, "error.message", message, NULL);
}

void kafka_log(const struct kafka_bus *b, const char *message)
{
        if (!b->quiet)
                warn(b->client, message);
}

/* Called from librdkafka's own threads too, and for clients that were abandoned: so it must not
   use the opaque. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *message)
{
        (void)facility;
        if (level <= 4)
                warn(rd_kafka_name(rk), message);
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
        struct kafka_bus *b = opaque;

        (void)rk;
        if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
                b->away = true;
        kafka_log(b, reason);
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *error)
{
        char why[256];

        return rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK ||
               error_set(error, ERROR_BAD_INPUT, "Kafka's %s: %s", name, why);
}

static bool is_known(const rd_kafka_conf_t *conf, const char *name)
{
        size_t size;

        return rd_kafka_conf_get(conf, name, NULL, &size) == RD_KAFKA_CONF_OK;
}

static bool set_all(rd_kafka_conf_t *conf, const struct property *properties, struct error *error)
{
        for (; properties->name; properties++)
                if ((!properties->newer || is_known(conf, properties->name)) &&
                    !set(conf, properties->name, properties->value, error))
                        return false;
        return true;
}

/* Must be called before any topic property is set, because those go to this configuration. */
static void set_partitioner(rd_kafka_conf_t *conf, struct kafka_bus *b)
{
        rd_kafka_topic_conf_t *topic = rd_kafka_topic_conf_new();

        rd_kafka_topic_conf_set_opaque(topic, b);
        rd_kafka_topic_conf_set_partitioner_cb(topic, kafka_partition);
        rd_kafka_conf_set_default_topic_conf(conf, topic);
}

static bool little_is_enough(const struct kafka_bus *b, const rd_kafka_conf_t *conf)
{
        return b->role == KAFKA_LOOKS_BACK ||
               (b->role == KAFKA_FOLLOWS && is_known(conf, "fetch.queue.backoff.ms"));
}

rd_kafka_conf_t *kafka_conf_open(struct kafka_bus *b, struct error *error)
{
        rd_kafka_conf_t *conf = rd_kafka_conf_new();

        rd_kafka_conf_set_opaque(conf, b);
        rd_kafka_conf_set_log_cb(conf, b->quiet ? NULL : on_log);
        rd_kafka_conf_set_error_cb(conf, on_error);
        if (b->role == KAFKA_READS) {
                rd_kafka_conf_set_rebalance_cb(conf, kafka_rebalanced);
                rd_kafka_conf_set_offset_commit_cb(conf, kafka_committed);
                kafka_member_listen(b, conf);
        } else if (b->role == KAFKA_PUBLISHES) {
                set_partitioner(conf, b);
                rd_kafka_conf_set_dr_msg_cb(conf, kafka_delivered);
        }
        if (set(conf, "bootstrap.servers", b->servers, error) &&
            set(conf, "client.id", b->client, error) &&
            (!b->group || set(conf, "group.id", b->group, error)) &&
            set_all(conf, of_both, error) && set_all(conf, of_role[b->role], error) &&
            (!little_is_enough(b, conf) ||
             set(conf, "queued.max.messages.kbytes", LITTLE_KB, error)) &&
            kafka_properties_set(conf, b->properties, error))
                return conf;
        rd_kafka_conf_destroy(conf);
        return NULL;
}
