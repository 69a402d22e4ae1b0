/* topic_tools - for tests of the bus's contract only: what an operator does to a bus's own topic,
   on each bus. It takes bus_story.h before it. */
#ifndef TESTING_TOPIC_TOOLS_H
#define TESTING_TOPIC_TOOLS_H

#include "event/eventlog.h"
#include "testing/bus_story.h"

#include <librdkafka/rdkafka.h>

static inline const char *topic_of(const char *url)
{
        return strrchr(url, '/') + 1;
}

/* An administrator's client of the cluster. */
static inline rd_kafka_t *admin_open(const char *url)
{
        const char *servers = url + strlen("kafka://");
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char why[256], name[200];
        rd_kafka_t *rk;

        snprintf(name, sizeof name, "%.*s", (int)strcspn(servers, "/"), servers);
        rd_kafka_conf_set(conf, "bootstrap.servers", name, why, sizeof why);
        rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
        check(rk != NULL);
        return rk;
}

static inline void admin_close(rd_kafka_t *rk, rd_kafka_queue_t *queue)
{
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, PATIENCE_MS);

        check(event && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR);
        rd_kafka_event_destroy(event);
        rd_kafka_queue_destroy(queue);
        rd_kafka_destroy(rk);
}

/* How many partitions the topic has; 0: it does not exist. Does not make it. */
static inline int count_partitions(const char *url)
{
        rd_kafka_t *rk = admin_open(url);
        const struct rd_kafka_metadata *all = NULL;
        int count = 0;

        check(rd_kafka_metadata(rk, 1, NULL, &all, PATIENCE_MS) == RD_KAFKA_RESP_ERR_NO_ERROR);
        for (int i = 0; i < all->topic_cnt; i++)
                if (strcmp(all->topics[i].topic, topic_of(url)) == 0 && !all->topics[i].err)
                        count = all->topics[i].partition_cnt;
        rd_kafka_metadata_destroy(all);
        rd_kafka_destroy(rk);
        return count;
}

static inline bool topic_exists(const char *url)
{
        return broker ? count_partitions(url) > 0 : access(url + strlen("log:"), F_OK) == 0;
}

static inline void until_partitions(const char *url, int count)
{
        int64_t end = clock_mono_us() + PATIENCE_MS * 1000;

        while (count_partitions(url) != count) {
                check(clock_mono_us() < end);
                usleep(50 * 1000);
        }
}

static inline void delete_kafka_topic(const char *url)
{
        rd_kafka_t *rk = admin_open(url);
        rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
        rd_kafka_DeleteTopic_t *wish = rd_kafka_DeleteTopic_new(topic_of(url));

        rd_kafka_DeleteTopics(rk, &wish, 1, NULL, queue);
        rd_kafka_DeleteTopic_destroy(wish);
        admin_close(rk, queue);
        until_partitions(url, 0);
}

/* Nobody else may have it open to write. */
static inline void delete_topic(const char *url)
{
        static const char *const beside[] = {"", "-wal", "-shm", "-lock", "-wake"};
        char path[300];

        if (broker)
                return delete_kafka_topic(url);
        for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
                snprintf(path, sizeof path, "%s%s", url + strlen("log:"), beside[i]);
                check(remove(path) == 0);
        }
}

/* Kafka only */
static inline void make_topic(const char *url, int partitions)
{
        char why[256];
        rd_kafka_t *rk = admin_open(url);
        rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
        rd_kafka_NewTopic_t *wish =
                rd_kafka_NewTopic_new(topic_of(url), partitions, 1, why, sizeof why);

        rd_kafka_CreateTopics(rk, &wish, 1, NULL, queue);
        rd_kafka_NewTopic_destroy(wish);
        admin_close(rk, queue);
        until_partitions(url, partitions);
}

/* Kafka only */
static inline void enlarge_topic(const char *url, int partitions)
{
        char why[256];
        rd_kafka_t *rk = admin_open(url);
        rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
        rd_kafka_NewPartitions_t *wish =
                rd_kafka_NewPartitions_new(topic_of(url), (size_t)partitions, why, sizeof why);

        rd_kafka_CreatePartitions(rk, &wish, 1, NULL, queue);
        rd_kafka_NewPartitions_destroy(wish);
        admin_close(rk, queue);
        until_partitions(url, partitions);
}

/* As retention does it: on the log all rows but the last, on Kafka those of partition 0 before
   the offset. */
static inline void delete_log_records(const char *url)
{
        struct error e = {0};
        char holder[128];
        struct eventlog *file = eventlog_open(url + strlen("log:"), EVENTLOG_APPENDS, &e);
        bool more;

        check_text(e.text, "");
        check(eventlog_retire(file, clock_wall_ms() + 1000, &more, holder, &e));
        check_text(holder, "");
        eventlog_close(&file);
}

static inline void delete_kafka_records(const char *url, int64_t before)
{
        rd_kafka_t *rk = admin_open(url);
        rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_DeleteRecords_t *wish;

        rd_kafka_topic_partition_list_add(list, topic_of(url), 0)->offset = before;
        wish = rd_kafka_DeleteRecords_new(list);
        rd_kafka_DeleteRecords(rk, &wish, 1, NULL, queue);
        rd_kafka_DeleteRecords_destroy(wish);
        rd_kafka_topic_partition_list_destroy(list);
        admin_close(rk, queue);
}

static inline void delete_records(const char *url, int64_t before)
{
        if (broker)
                delete_kafka_records(url, before);
        else
                delete_log_records(url);
}

static inline int log_groups(const char *url)
{
        struct error e = {0};
        struct arena *arena = arena_open();
        struct eventlog *file = eventlog_open(url + strlen("log:"), EVENTLOG_INSPECTS, &e);
        struct eventlog_group *groups;
        int count = (int)eventlog_groups(file, arena, &groups, &e);

        check_text(e.text, "");
        eventlog_close(&file);
        arena_close(&arena);
        return count;
}

/* In how many groups that client is. */
static inline int kafka_groups(const char *url, const char *client)
{
        rd_kafka_t *rk = admin_open(url);
        const struct rd_kafka_group_list *list = NULL;
        int count = 0;

        check(rd_kafka_list_groups(rk, NULL, &list, PATIENCE_MS) == RD_KAFKA_RESP_ERR_NO_ERROR);
        for (int i = 0; i < list->group_cnt; i++)
                for (int j = 0; j < list->groups[i].member_cnt; j++)
                        count += strcmp(list->groups[i].members[j].client_id, client) == 0;
        rd_kafka_group_list_destroy(list);
        rd_kafka_destroy(rk);
        return count;
}

/* On the log: of anybody. */
static inline int count_groups(const char *url, const char *client)
{
        return broker ? kafka_groups(url, client) : log_groups(url);
}

#endif
