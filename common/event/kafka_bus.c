/* kafka_bus - the bus on a Kafka cluster, through librdkafka.

   Publishers are idempotent and wait for all replicas; readers are consumer groups with range
   assignment; followers read partitions without a group. No call waits for a broker without a
   bound, not even closing: what does not end in time is left to a thread. */
#include "event/kafka_inside.h"

#include "base/clock.h"
#include "base/redact.h"
#include "event/futex.h"

#include <stdlib.h>
#include <string.h>

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
        rd_kafka_conf_t *conf = kafka_conf_open(b, error);
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

        return slash && slash != place && strcspn(place, " \t@") >= (size_t)(slash - place) &&
               bus_topic_is_valid(slash + 1);
}

static bool place_read(struct kafka_bus *b, const char *place, const char *topic,
                       struct error *error)
{
        size_t len = strcspn(place, "/");
        char shown[REDACTED];

        if (!place_is_right(place))
                return error_set(error, ERROR_BAD_INPUT,
                                 "the bus is kafka://HOST:PORT[,HOST:PORT]/TOPIC, not 'kafka://%s'",
                                 redact(place, shown));
        b->servers = memory_string(place);
        b->servers[len] = '\0';
        b->bus.topic = memory_string(topic ? topic : place + len + 1);
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
        if (place_read(b, place, config->topic, error) && kafka_connect(b, error))
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
        b->held = NULL;
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
        .list_topics = kafka_list_topics,
};
