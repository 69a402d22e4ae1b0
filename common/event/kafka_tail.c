/* kafka_tail - calls `wanted` for the last records of each partition (bus_look_back). The
   partitions are assigned, not subscribed to: it joins no group and commits no offset. */
#include "event/kafka_inside.h"

#include "base/clock.h"

#include <stdlib.h>

enum {
        TAIL = 1000,           /* records of each partition, ... */
        TAIL_BYTES = 32 << 20, /* ... in all not more than that; otherwise these few: */
        FEW = 16,
        ASK_MS = 1000,                 /* also how late it sees *stop */
        SILENCE_US = 10 * 1000 * 1000, /* without one record */
};

struct tail {
        struct kafka_bus *bus;
        const _Atomic bool *stop;
        int64_t *ends; /* of each partition: the offset after its last record; 0: no more to read */
        int count, left;
        size_t bytes; /* read so far */
};

/* 0: the topic does not exist, or *stop is set. */
static int count_partitions(struct tail *t)
{
        rd_kafka_topic_t *handle = rd_kafka_topic_new(t->bus->rk, t->bus->bus.topic, NULL);
        const struct rd_kafka_metadata *about = NULL;
        int count = 0;

        while (!atomic_load(t->stop) && rd_kafka_metadata(t->bus->rk, 0, handle, &about, ASK_MS) !=
                                                RD_KAFKA_RESP_ERR_NO_ERROR)
                rd_kafka_event_destroy(rd_kafka_queue_poll(
                        t->bus->answers, ASK_MS / 10)); /* a refused connection returns at once */
        rd_kafka_topic_destroy(handle);
        if (about && about->topic_cnt == 1 && about->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR)
                count = about->topics[0].partition_cnt;
        if (about)
                rd_kafka_metadata_destroy(about);
        return count;
}

/* A partition that does not answer is left out. */
static void find_ends(struct tail *t, int most, rd_kafka_topic_partition_list_t *list)
{
        t->left = 0;
        for (int i = 0; i < t->count && !atomic_load(t->stop); i++) {
                int64_t begin = 0, end = 0;

                if (rd_kafka_query_watermark_offsets(t->bus->rk, t->bus->bus.topic, i, &begin, &end,
                                                     ASK_MS) != RD_KAFKA_RESP_ERR_NO_ERROR ||
                    begin >= end)
                        continue;
                t->ends[i] = end;
                t->left++;
                rd_kafka_topic_partition_list_add(list, t->bus->bus.topic, i)->offset =
                        end - begin > most ? end - most : begin;
        }
}

/* False: it is too much. */
static bool read_all(struct tail *t, size_t most)
{
        int64_t heard_us = clock_mono_us();

        while (t->left > 0 && t->bytes < most && !atomic_load(t->stop) &&
               clock_mono_us() - heard_us < SILENCE_US) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(t->bus->rk, ASK_MS);

                if (m && m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                        heard_us = clock_mono_us();
                        kafka_is_wanted(t->bus, m);
                        t->bytes += m->len;
                        if (t->ends[m->partition] && m->offset + 1 >= t->ends[m->partition]) {
                                t->ends[m->partition] = 0;
                                t->left--;
                        }
                }
                if (m)
                        rd_kafka_message_destroy(m);
        }
        return t->bytes < most;
}

static bool read_last(struct tail *t, int records, size_t bytes)
{
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(t->count);
        bool enough = true;

        t->bytes = 0;
        find_ends(t, records, list);
        if (t->left && rd_kafka_assign(t->bus->rk, list) == RD_KAFKA_RESP_ERR_NO_ERROR)
                enough = read_all(t, bytes);
        rd_kafka_topic_partition_list_destroy(list);
        return enough;
}

static void look(struct tail *t)
{
        t->count = count_partitions(t);
        if (!t->count)
                return;
        t->ends = memory_alloc((size_t)t->count * sizeof *t->ends);
        if (!read_last(t, TAIL, TAIL_BYTES))
                read_last(t, FEW, SIZE_MAX);
        free(t->ends);
}

void kafka_look_back(const struct bus_config *config, const char *place, const char *group,
                     const _Atomic bool *stop)
{
        struct error ignored;
        struct tail t = {.bus = kafka_new(config, place, KAFKA_READS, group, &ignored),
                         .stop = stop};

        if (!t.bus)
                return;
        t.bus->metrics = NULL;
        t.bus->bus.wanted = config->wanted;
        t.bus->bus.wanted_arg = config->wanted_arg;
        look(&t);
        kafka_queues_close(t.bus);
        rd_kafka_destroy_flags(t.bus->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        kafka_free(t.bus);
}
