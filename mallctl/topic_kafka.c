/* topic_kafka - a Kafka topic from its beginning up to what was its end when the reading began.

   The partitions are assigned, not subscribed to: no group is joined, no offset committed. */
#include "mallctl/topic.h"

#include "base/clock.h"
#include "event/kafka_properties.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

enum {
        ASK_MS = 10 * 1000,            /* the broker, for what the topic is */
        SILENCE_US = 30 * 1000 * 1000, /* without one record */
        POLL_MS = 500,
};

struct partition {
        int64_t end; /* the offset after its last record */
        bool done;
};

struct topic_reader {
        struct topic *topic;
        struct arena *arena; /* lives as long as the reading */
        char *servers;
        const char *name;
        rd_kafka_t *rk;
        struct partition *partitions; /* of all */
        int count, left;
        struct error *error;
};

static bool fail(const struct topic_reader *r, const char *why)
{
        return error_set(r->error, ERROR_UNAVAILABLE, "Kafka at %s: topic %s: %s", r->servers,
                         r->name, why);
}

static bool fail_by(const struct topic_reader *r, rd_kafka_resp_err_t err)
{
        return fail(r, rd_kafka_err2str(err));
}

static bool open_client(struct topic_reader *r)
{
        const char *const settings[][2] = {
                {"bootstrap.servers", r->servers}, {"client.id", "mallctl"},
                {"group.id", "mallctl"}, /* librdkafka wants one; it is never joined */
                {"enable.auto.commit", "false"},   {"enable.auto.offset.store", "false"},
                {"enable.partition.eof", "true"},  {"auto.offset.reset", "earliest"},
        };
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char why[256] = "";

        rd_kafka_conf_set_log_cb(conf, NULL); /* the calls report failures */
        for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
                if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], why, sizeof why) !=
                    RD_KAFKA_CONF_OK) {
                        rd_kafka_conf_destroy(conf);
                        return fail(r, why);
                }
        if (!kafka_properties_set(conf, r->topic->properties, r->error)) {
                rd_kafka_conf_destroy(conf);
                return false;
        }
        r->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
        if (r->rk)
                return true;
        rd_kafka_conf_destroy(conf);
        return fail(r, why);
}

static bool count_partitions(struct topic_reader *r)
{
        rd_kafka_topic_t *handle = rd_kafka_topic_new(r->rk, r->name, NULL);
        const struct rd_kafka_metadata *about = NULL;
        rd_kafka_resp_err_t err = rd_kafka_metadata(r->rk, 0, handle, &about, ASK_MS);

        rd_kafka_topic_destroy(handle);
        if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
                return fail_by(r, err);
        if (about->topic_cnt == 1) {
                err = about->topics[0].err;
                r->count = about->topics[0].partition_cnt;
        }
        rd_kafka_metadata_destroy(about);
        if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
                return fail_by(r, err);
        return r->count > 0 || fail(r, "it has no partitions");
}

/* From where to where each partition is to be read. */
static bool find_ends(struct topic_reader *r, rd_kafka_topic_partition_list_t *list)
{
        r->partitions = arena_alloc(r->arena, (size_t)r->count * sizeof *r->partitions);
        for (int i = 0; i < r->count; i++) {
                int64_t begin = 0;
                rd_kafka_resp_err_t err = rd_kafka_query_watermark_offsets(
                        r->rk, r->name, i, &begin, &r->partitions[i].end, ASK_MS);

                if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
                        return fail_by(r, err);
                if (begin > 0)
                        topic_drop(r->topic, i);
                r->partitions[i].done = begin >= r->partitions[i].end;
                if (r->partitions[i].done)
                        continue;
                r->left++;
                rd_kafka_topic_partition_list_add(list, r->name, i)->offset = begin;
        }
        return true;
}

static void partition_done(struct topic_reader *r, int32_t partition)
{
        if (!r->partitions[partition].done)
                r->left--;
        r->partitions[partition].done = true;
}

static void take_message(struct topic_reader *r, const rd_kafka_message_t *m)
{
        struct record record = {
                .topic = r->name,
                .partition = m->partition,
                .offset = m->offset,
                .timestamp_ms = rd_kafka_message_timestamp(m, NULL),
                .key = m->key,
                .key_len = m->key_len,
                .value = m->payload,
                .value_len = m->payload ? m->len : 0,
        };
        struct record_header *to;
        rd_kafka_headers_t *headers;
        const void *value;

        if (rd_kafka_message_headers(m, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
                record.header_count = rd_kafka_header_cnt(headers);
                record.headers = to =
                        arena_alloc(r->topic->scratch, record.header_count * sizeof *to);
                for (size_t i = 0; i < record.header_count; i++, to++) {
                        rd_kafka_header_get_all(headers, i, &to->name, &value, &to->len);
                        to->value = value;
                }
        }
        topic_take(r->topic, &record);
        if (m->offset + 1 >= r->partitions[m->partition].end)
                partition_done(r, m->partition);
}

static bool read_all(struct topic_reader *r)
{
        int64_t heard_us = clock_mono_us();
        rd_kafka_resp_err_t trouble = RD_KAFKA_RESP_ERR__TIMED_OUT;

        while (r->left > 0) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(r->rk, POLL_MS);

                if (m && m->err == RD_KAFKA_RESP_ERR_NO_ERROR && !r->partitions[m->partition].done)
                        take_message(r, m);
                else if (m && m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
                        partition_done(r, m->partition); /* its last records are none for us, as
                                                            those of a transaction */
                else if (m && m->err)
                        trouble = m->err;
                if (m && (!m->err || m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF))
                        heard_us = clock_mono_us();
                if (m)
                        rd_kafka_message_destroy(m);
                if (clock_mono_us() - heard_us > SILENCE_US)
                        return fail_by(r, trouble);
        }
        return true;
}

static bool assign_and_read(struct topic_reader *r)
{
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(r->count);
        bool found = find_ends(r, list);
        rd_kafka_resp_err_t err =
                found && r->left ? rd_kafka_assign(r->rk, list) : RD_KAFKA_RESP_ERR_NO_ERROR;

        rd_kafka_topic_partition_list_destroy(list);
        if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
                return fail_by(r, err);
        return found && read_all(r);
}

bool topic_read_kafka(struct topic *topic, const char *place, struct error *error)
{
        struct topic_reader r = {.topic = topic, .arena = arena_open(), .error = error};
        bool good;

        r.servers = arena_copy(r.arena, place, strcspn(place, "/"));
        r.name = place + strlen(r.servers) + 1;
        good = open_client(&r) && count_partitions(&r) && assign_and_read(&r);
        if (r.rk)
                rd_kafka_destroy_flags(r.rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        arena_close(&r.arena);
        return good;
}
