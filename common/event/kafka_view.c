/* kafka_view - all partitions of the bus's own topic, read without a group, through librdkafka's
   consumer of single partitions: that one wants no group, and commits nothing. Their records come
   to the bus's queue. */
#include "event/kafka_inside.h"

#include <stdlib.h>

int kafka_view_look(struct kafka_bus *b, int wait_ms, rd_kafka_resp_err_t *err)
{
        const struct rd_kafka_metadata *about;
        int count = 0;

        if (!b->view.topic)
                b->view.topic = rd_kafka_topic_new(b->rk, b->bus.topic, NULL);
        *err = rd_kafka_metadata(b->rk, 0, b->view.topic, &about, wait_ms);
        if (*err != RD_KAFKA_RESP_ERR_NO_ERROR)
                return -1;
        if (about->topic_cnt == 1) {
                *err = about->topics[0].err;
                count = about->topics[0].partition_cnt;
        }
        rd_kafka_metadata_destroy(about);
        if (*err == RD_KAFKA_RESP_ERR_NO_ERROR)
                return count;
        return *err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ? 0 : -1;
}

/* rd_kafka_query_watermark_offsets would do, but while the partition's broker is away it waits far
   longer than its timeout (2.0.2). */
static rd_kafka_resp_err_t find_offset(struct kafka_bus *b, int32_t partition, int64_t which,
                                       int64_t *offset, int wait_ms)
{
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_resp_err_t err;

        rd_kafka_topic_partition_list_add(list, b->bus.topic, partition)->offset = which;
        err = rd_kafka_offsets_for_times(b->rk, list, wait_ms);
        if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
                err = list->elems[0].err;
        *offset = list->elems[0].offset;
        rd_kafka_topic_partition_list_destroy(list);
        return err;
}

rd_kafka_resp_err_t kafka_view_bounds(struct kafka_bus *b, int32_t partition, int64_t *begin,
                                      int64_t *end, int wait_ms)
{
        rd_kafka_resp_err_t err =
                find_offset(b, partition, RD_KAFKA_OFFSET_BEGINNING, begin, wait_ms);

        return err ? err : find_offset(b, partition, RD_KAFKA_OFFSET_END, end, wait_ms);
}

bool kafka_view_start(struct kafka_bus *b, int32_t partition, int64_t offset)
{
        struct kafka_view *v = &b->view;

        if (partition >= v->count) {
                v->started = memory_grow(v->started, (size_t)(partition + 1) * sizeof *v->started);
                while (v->count <= partition)
                        v->started[v->count++] = false;
        }
        v->started[partition] =
                rd_kafka_consume_start_queue(v->topic, partition, offset, b->queue) == 0;
        return v->started[partition];
}

void kafka_view_stop(struct kafka_bus *b)
{
        struct kafka_view *v = &b->view;

        for (int i = 0; i < v->count; i++)
                if (v->started[i])
                        rd_kafka_consume_stop(v->topic, i);
        if (v->topic)
                rd_kafka_topic_destroy(v->topic);
        free(v->started);
        *v = (struct kafka_view){0};
}

size_t kafka_view_wait(struct kafka_bus *b, rd_kafka_message_t **batch, size_t most, int wait_ms)
{
        ssize_t more;

        batch[0] = rd_kafka_consume_queue(b->queue, wait_ms);
        if (!batch[0])
                return 0;
        more = rd_kafka_consume_batch_queue(b->queue, 0, batch + 1, most - 1);
        return more > 0 ? (size_t)more + 1 : 1;
}
