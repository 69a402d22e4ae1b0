/* kafka_anew - notices that a reader's topic was deleted and made anew.

   A fetch names an offset, but not which topic of this name it is for: if the new topic has
   grown past that offset, the reader would silently skip the records before it. But when a
   broker deletes a topic, it also deletes the offsets that groups have committed for it. So
   before it commits more, once a second, the reader asks for the group's committed offsets. If
   they are gone, the topic is another one, and is read from its beginning. */
#include "event/kafka_inside.h"

#include "base/clock.h"
#include "base/log.h"

enum {
        ANSWER_MS = 500,
        SILENT_US = 5 * 1000 *
                    1000, /* we do not wait each second for a coordinator that does not answer */
};

/* `list` holds the offsets that the group has committed. True: a partition had an offset before,
   and has none now. */
static bool some_is_gone(struct kafka_bus *b, const rd_kafka_topic_partition_list_t *list)
{
        bool gone = false;

        for (int i = 0; i < list->cnt; i++) {
                struct kafka_position *p = kafka_position_of(b, list->elems[i].partition);
                bool is_there = list->elems[i].offset >= 0;

                if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
                        continue;
                gone = gone || (p->committed >= 0 && !is_there);
                p->committed = is_there ? list->elems[i].offset : KAFKA_NONE;
        }
        return gone;
}

/* Also those that other members read: it is one topic. */
static rd_kafka_topic_partition_list_t *all_partitions(struct kafka_bus *b)
{
        rd_kafka_topic_partition_list_t *list =
                rd_kafka_topic_partition_list_new(b->position_count);

        for (int i = 0; i < b->position_count; i++)
                rd_kafka_topic_partition_list_add(list, b->bus.topic, i);
        return list;
}

bool kafka_may_commit(struct kafka_bus *b)
{
        rd_kafka_topic_partition_list_t *list;
        bool answered;

        if (!b->position_count || clock_mono_us() - atomic_load(&b->heard_us) > SILENT_US)
                return false;
        list = all_partitions(b);
        answered = rd_kafka_committed(b->rk, list, ANSWER_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
        if (answered && some_is_gone(b, list) && !b->anew) {
                log_write(
                        LOG_ERROR,
                        "the topic was deleted, and records that were not read are lost (mallctl "
                        "audit finds them); the new topic of this name is read from its beginning",
                        "kafka.client", b->client, "kafka.topic", b->bus.topic, NULL);
                b->anew = true;
        }
        rd_kafka_topic_partition_list_destroy(list);
        return answered && !b->anew;
}

/* Seeks to the number 0, because librdkafka may get stuck when it asks a partition that is just
   being made for its beginning. If 0 is deleted already, auto.offset.reset finds the earliest.
   False: some partition does not exist. */
static bool seek_beginning(struct kafka_bus *b)
{
        rd_kafka_topic_partition_list_t *mine = NULL;
        rd_kafka_error_t *error = NULL;
        bool all = rd_kafka_assignment(b->rk, &mine) == RD_KAFKA_RESP_ERR_NO_ERROR;

        if (!all)
                return false;
        for (int i = 0; i < mine->cnt; i++)
                mine->elems[i].offset = 0;
        if (mine->cnt)
                error = rd_kafka_seek_partitions(b->rk, mine, ANSWER_MS);
        for (int i = 0; i < mine->cnt; i++)
                all = all && mine->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR;
        all = all && !error;
        if (error)
                rd_kafka_error_destroy(error);
        rd_kafka_topic_partition_list_destroy(mine);
        return all;
}

void kafka_begin_anew(struct kafka_bus *b)
{
        if (!b->anew || !seek_beginning(b))
                return;
        kafka_positions_forget(b);
        for (int i = 0; i < b->position_count; i++)
                b->positions[i].committed = KAFKA_NONE;
        b->anew = false;
}
