/* kafka_topic - makes topics on first use: the bus's own with the configured number of partitions,
   others with the broker's defaults.

   A broker may make topics by itself, but only if it is configured to, and a reader does not
   cause it. We do not ask to make a topic that exists: that would need the cluster's controller,
   which may be away while the topic's partitions answer. */
#include "event/kafka_inside.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum {
        REQUEST_MS = 10 * 1000,
        LOOK_MS = 1000,
        SLICE_MS = 20, /* how late it sees a bus_wake here, once in a topic's life; or LOOK_MS
                          where the cluster does not answer */
};

static struct kafka_topic *find(struct kafka_bus *b, const char *name)
{
        struct kafka_topic *t;

        for (t = b->topics; t; t = t->next)
                if (strcmp(t->name, name) == 0)
                        return t;
        t = memory_alloc(sizeof *t + strlen(name) + 1);
        strcpy(t->name, name);
        t->next = b->topics;
        return b->topics = t;
}

void kafka_topics_free(struct kafka_bus *b)
{
        while (b->topics) {
                struct kafka_topic *t = b->topics;

                b->topics = t->next;
                free(t);
        }
}

static void ask(struct kafka_bus *b, struct kafka_topic *t)
{
        char why[256];
        int partitions = b->partitions && strcmp(t->name, b->bus.topic) == 0 ? b->partitions : -1;
        rd_kafka_NewTopic_t *topic =
                rd_kafka_NewTopic_new(t->name, partitions, -1, why, sizeof why);
        rd_kafka_AdminOptions_t *options =
                rd_kafka_AdminOptions_new(b->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);

        t->asked = true;
        rd_kafka_AdminOptions_set_request_timeout(options, REQUEST_MS, why, sizeof why);
        rd_kafka_AdminOptions_set_opaque(options, t);
        rd_kafka_CreateTopics(b->rk, &topic, 1, options, b->answers);
        rd_kafka_AdminOptions_destroy(options);
        rd_kafka_NewTopic_destroy(topic);
}

/* A refusal (the topic exists, no right to make it) is final as well: using the topic shows
   whether it exists. */
static void hear(rd_kafka_event_t *event)
{
        const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
        const rd_kafka_topic_result_t **topics;
        struct kafka_topic *t;
        size_t count;

        if (!result)
                return;
        t = rd_kafka_event_opaque(event);
        t->asked = false;
        t->made = rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR;
        topics = rd_kafka_CreateTopics_result_topics(result, &count);
        for (size_t i = 0; i < count; i++)
                if (rd_kafka_topic_result_error(topics[i]) == RD_KAFKA_RESP_ERR_NO_ERROR)
                        log_write(LOG_INFO, "topic made", "kafka.topic", t->name, NULL);
}

/* Looks among all topics, because asking for one may make it. False: the cluster does not
   answer. */
static bool look_for(struct kafka_bus *b, struct kafka_topic *t)
{
        const struct rd_kafka_metadata *all;

        if (rd_kafka_metadata(b->rk, 1, NULL, &all, LOOK_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
                return false;
        for (int i = 0; i < all->topic_cnt; i++)
                t->made = t->made ||
                          (strcmp(all->topics[i].topic, t->name) == 0 && !all->topics[i].err);
        rd_kafka_metadata_destroy(all);
        return true;
}

bool kafka_topic_is_made(struct kafka_bus *b, const char *topic, int wait_ms)
{
        struct kafka_topic *t = find(b, topic);
        rd_kafka_event_t *event;

        if (!t->made && !t->asked && wait_ms && !look_for(b, t))
                return false;
        if (!t->made && !t->asked)
                ask(b, t);
        if (!t->made && (event = rd_kafka_queue_poll(b->answers, wait_ms))) {
                hear(event);
                rd_kafka_event_destroy(event);
        }
        return t->made;
}

void kafka_topic_forget(struct kafka_bus *b, const char *topic)
{
        for (struct kafka_topic *t = b->topics; t; t = t->next) {
                if (!topic)
                        t->asked = false;
                else if (strcmp(t->name, topic) == 0)
                        t->made = false;
        }
}

bool kafka_topic_make(struct kafka_bus *b, const char *topic, int64_t end_us, struct error *error)
{
        while (!kafka_topic_is_made(b, topic, SLICE_MS)) {
                if (clock_mono_us() > end_us)
                        return error_set(error, ERROR_UNAVAILABLE, "Kafka at %s does not answer",
                                         b->servers);
                if (bus_was_woken(&b->bus))
                        return false;
        }
        return true;
}
