/* kafka_bus - the bus on a Kafka cluster, through librdkafka.

   Publishers are idempotent and wait for all replicas; readers are consumer groups with range
   assignment; followers read partitions without a group. No call waits for a broker without a
   bound, not even closing: what does not end in time is left to a thread. */
#include "event/kafka_inside.h"

#include "base/clock.h"
#include "base/log.h"
#include "event/futex.h"
#include "event/kafka_properties.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_BACK_KB "2048"

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
         "32768"}, /* librdkafka up to 2.1 stands still for up to a second when it is full */
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

static rd_kafka_conf_t *conf_open(struct kafka_bus *b, struct error *error)
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
            kafka_properties_set(conf, b->properties, error))
                return conf;
        rd_kafka_conf_destroy(conf);
        return NULL;
}

/* What the bus's thread waits on. */
static rd_kafka_queue_t *queue_of(const struct kafka_bus *b)
{
        switch (b->role) {
        case KAFKA_PUBLISHES:
                return rd_kafka_queue_get_main(b->rk);
        case KAFKA_READS:
                return rd_kafka_queue_get_consumer(b->rk);
        case KAFKA_FOLLOWS:
        case KAFKA_LOOKS_BACK:
                break;
        }
        return rd_kafka_queue_new(b->rk);
}

bool kafka_connect(struct kafka_bus *b, struct error *error)
{
        rd_kafka_conf_t *conf = conf_open(b, error);
        char why[256];

        if (!conf)
                return false;
        b->rk = rd_kafka_new(b->role == KAFKA_PUBLISHES ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER,
                             conf, why, sizeof why);
        if (!b->rk) {
                rd_kafka_conf_destroy(conf);
                return error_set(error, ERROR_BAD_INPUT, "Kafka client: %s",
                                 why); /* for example a certificate that cannot be read */
        }
        if (b->role == KAFKA_READS)
                rd_kafka_poll_set_consumer(b->rk);
        b->answers = rd_kafka_queue_new(b->rk);
        pthread_mutex_lock(&b->queue_lock);
        b->queue = queue_of(b);
        pthread_mutex_unlock(&b->queue_lock);
        return true;
}

void kafka_queues_close(struct kafka_bus *b)
{
        pthread_mutex_lock(&b->queue_lock);
        if (b->queue)
                rd_kafka_queue_destroy(b->queue);
        b->queue = NULL;
        pthread_mutex_unlock(&b->queue_lock);
        if (b->answers)
                rd_kafka_queue_destroy(b->answers);
        b->answers = NULL;
}

static void *destroy_main(void *rk)
{
        rd_kafka_destroy(rk);
        return NULL;
}

void kafka_abandon(struct kafka_bus *b)
{
        pthread_t thread;

        kafka_queues_close(b);
        if (pthread_create(&thread, NULL, destroy_main, b->rk) == 0)
                pthread_detach(thread);
        b->rk = NULL;
}

void kafka_free(struct kafka_bus *b)
{
        kafka_topics_free(b);
        pthread_mutex_destroy(&b->queue_lock);
        free(b->positions);
        kafka_follower_free(b->follower);
        free(b->servers);
        free(b->client);
        free(b->group);
        free(b->properties);
        bus_free(&b->bus);
        free(b);
}

/* "host:port,host:port/topic" */
static bool place_is_right(const char *place)
{
        const char *slash = strchr(place, '/');

        return slash && slash != place && strcspn(place, " \t") >= (size_t)(slash - place) &&
               bus_topic_is_valid(slash + 1);
}

static bool place_read(struct kafka_bus *b, const char *place, struct error *error)
{
        size_t len = strcspn(place, "/");

        if (!place_is_right(place))
                return error_set(error, ERROR_BAD_INPUT,
                                 "the bus is kafka://HOST:PORT[,HOST:PORT]/TOPIC, not 'kafka://%s'",
                                 place);
        b->servers = memory_string(place);
        b->servers[len] = '\0';
        b->bus.topic = memory_string(place + len + 1);
        return true;
}

struct kafka_bus *kafka_new(const struct bus_config *config, const char *place,
                            enum kafka_role role, const char *group, struct error *error)
{
        struct kafka_bus *b = memory_alloc(sizeof *b);

        b->bus.ops = &kafka_bus_ops;
        b->role = role;
        b->client = memory_string(config->client ? config->client : "mall");
        b->group = memory_string(group);
        b->properties = memory_string(config->properties);
        b->quiet = config->quiet;
        b->metrics = config->metrics;
        b->partitions = config->partitions;
        pthread_mutex_init(&b->queue_lock, NULL);
        if (place_read(b, place, error) && kafka_connect(b, error))
                return b;
        kafka_free(b);
        return NULL;
}

static struct bus *kafka_open(const struct bus_config *config, const char *place, const char *group,
                              struct error *error)
{
        struct kafka_bus *b =
                kafka_new(config, place, group ? KAFKA_READS : KAFKA_PUBLISHES, group, error);

        return b ? &b->bus : NULL;
}

/* If a broker does not answer, leaving takes as long as it likes: the last of the two, the
   thread or the waiting caller, frees the bus. */
struct leaving {
        struct kafka_bus *bus;
        atomic_bool one_is_done;
};

static void leaving_end(struct leaving *l)
{
        if (!atomic_exchange(&l->one_is_done, true))
                return;
        kafka_free(l->bus);
        free(l);
}

static void *leave_main(void *arg)
{
        struct leaving *l = arg;
        struct kafka_bus *b = l->bus;

        if (b->held)
                rd_kafka_message_destroy(b->held);
        b->leaving = true;
        if (b->role == KAFKA_READS)
                rd_kafka_consumer_close(b->rk); /* commits through kafka_rebalanced */
        else if (b->role != KAFKA_PUBLISHES)
                kafka_view_stop(b);
        kafka_queues_close(b);
        if (b->rk)
                rd_kafka_destroy(b->rk);
        leaving_end(l);
        return NULL;
}

void kafka_close(struct bus *bus, int wait_ms)
{
        struct leaving *l = memory_alloc(sizeof *l);
        struct timespec end = clock_after(wait_ms);
        pthread_t thread;

        l->bus = kafka_bus(bus);
        l->bus->metrics = NULL; /* they may be freed before the thread ends */
        if (pthread_create(&thread, NULL, leave_main, l) != 0)
                return;
        if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &end) != 0)
                pthread_detach(thread);
        leaving_end(l);
}

void kafka_wake(struct bus *bus)
{
        struct kafka_bus *b = kafka_bus(bus);

        futex_word_wake(&bus->woken);
        pthread_mutex_lock(&b->queue_lock);
        if (b->queue)
                rd_kafka_queue_yield(b->queue);
        pthread_mutex_unlock(&b->queue_lock);
}

const struct bus_ops kafka_bus_ops = {
        .scheme = "kafka://",
        .place_is_right = place_is_right,
        .open = kafka_open,
        .follow = kafka_follow,
        .close = kafka_close,
        .parts = kafka_parts,
        .lane = kafka_lane,
        .send = kafka_send,
        .wait = kafka_wait,
        .give_up = kafka_give_up,
        .poll = kafka_poll,
        .commit = kafka_commit,
        .idle = kafka_idle,
        .wake = kafka_wake,
        .look_back = kafka_look_back,
        .read_through = kafka_read_through,
};
