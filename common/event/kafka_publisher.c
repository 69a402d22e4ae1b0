/* kafka_publisher - the publishing side. librdkafka keeps each record, and sends it again under
   the same sequence number for as long as the client lives; the broker recognises it. Only its
   delivery reports decide. A client that broke (rd_kafka_fatal_error) gives its records back,
   and a new client takes its place. */
#include "event/kafka_inside.h"

#include "base/clock.h"

#include <string.h>

enum {
        SLICE_MS = 1000,
        FLUSH_MS = 5, /* while records linger */
        LINGER_US = 10000,
        ANSWER_MS = 20,       /* to wait for a topic to be made */
        LOOK_MS = 1000,       /* ... and for the number of its parts */
        GIVE_UP_US = 1000000, /* the reports of a purge come at once */
};

struct delivery_result {
        rd_kafka_resp_err_t err;
        enum publish_result result;
};

/* All else is BUS_RETURNED. */
static const struct delivery_result verdicts[] = {
        {RD_KAFKA_RESP_ERR_NO_ERROR, BUS_PUBLISHED},
        {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, BUS_REFUSED},
        {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, BUS_REFUSED},
        {RD_KAFKA_RESP_ERR_INVALID_RECORD, BUS_REFUSED},
        {RD_KAFKA_RESP_ERR__INVALID_ARG, BUS_REFUSED},
        {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, BUS_CLOSED},
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, BUS_CLOSED},
        {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, BUS_CLOSED},
        {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, BUS_CLOSED},
        {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, BUS_CLOSED},
        {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, BUS_CLOSED},
        {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, BUS_CLOSED},
};

static enum publish_result verdict_of(rd_kafka_resp_err_t err)
{
        for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
                if (verdicts[i].err == err)
                        return verdicts[i].result;
        return BUS_RETURNED;
}

static void tell(struct kafka_bus *b, const char *topic, int64_t tag, rd_kafka_resp_err_t err)
{
        enum publish_result result = verdict_of(err);

        if (result == BUS_CLOSED) {
                kafka_topic_forget(b, topic);
                if (strcmp(topic, b->bus.topic) == 0)
                        atomic_store(&b->seen, 0);
        }
        bus_tell(&b->bus, tag, result, result == BUS_PUBLISHED ? NULL : rd_kafka_err2str(err));
}

void kafka_delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
        struct kafka_bus *b = opaque;

        (void)rk;
        b->under_way--;
        b->away = b->away && m->err;
        tell(b, rd_kafka_topic_name(m->rkt), (int64_t)(intptr_t)m->_private, m->err);
}

/* As the Java client chooses. Called from librdkafka's own threads too. Notes how many
   partitions there are now. */
int32_t kafka_partition(const rd_kafka_topic_t *topic, const void *key, size_t key_len,
                        int32_t count, void *bus, void *opaque)
{
        struct kafka_bus *b = bus;

        if (strcmp(rd_kafka_topic_name(topic), b->bus.topic) == 0)
                atomic_store(&b->seen, count);
        return rd_kafka_msg_partitioner_murmur2_random(topic, key, key_len, count, bus, opaque);
}

static int count_parts(struct kafka_bus *b, struct error *error)
{
        rd_kafka_topic_t *topic = rd_kafka_topic_new(b->rk, b->bus.topic, NULL);
        const struct rd_kafka_metadata *all = NULL;
        rd_kafka_resp_err_t err = rd_kafka_metadata(b->rk, 0, topic, &all, LOOK_MS);
        int parts = 0;

        if (!err && all->topic_cnt == 1) {
                err = all->topics[0].err;
                parts = err ? 0 : all->topics[0].partition_cnt;
        }
        if (err)
                error_set(error, ERROR_UNAVAILABLE, "Kafka: topic %s: %s", b->bus.topic,
                          rd_kafka_err2str(err));
        if (all)
                rd_kafka_metadata_destroy(all);
        rd_kafka_topic_destroy(topic);
        return parts;
}

int kafka_parts(struct bus *bus, struct error *error)
{
        struct kafka_bus *b = kafka_bus(bus);

        if (!atomic_load(&b->seen) && (b->rk || kafka_connect(b, error))) {
                if (kafka_topic_is_made(b, b->bus.topic, ANSWER_MS))
                        atomic_store(&b->seen, count_parts(b, error));
                else
                        error_set(error, ERROR_UNAVAILABLE, "Kafka at %s does not answer",
                                  b->servers);
        }
        return b->parts = atomic_load(&b->seen);
}

/* Records without a key go to any partition that answers: they have a lane of their own. */
int kafka_lane(struct bus *bus, const char *key, size_t key_len)
{
        int parts = kafka_bus(bus)->parts;

        if (!key || !parts)
                return BUS_OWN_LANES - 1;
        return rd_kafka_msg_partitioner_murmur2(NULL, key, key_len, parts, NULL, NULL) %
               BUS_OWN_LANES;
}

static rd_kafka_headers_t *headers_of(const struct record *r)
{
        rd_kafka_headers_t *headers = rd_kafka_headers_new(r->header_count);

        for (size_t i = 0; i < r->header_count; i++) {
                const struct record_header *h = &r->headers[i];

                rd_kafka_header_add(headers, h->name, -1, h->value, h->value ? (ssize_t)h->len : 0);
        }
        return headers;
}

/* librdkafka copies the bytes, although it takes a `void *` */
static void *unconst(const char *bytes)
{
        return (void *)(uintptr_t)bytes;
}

static rd_kafka_resp_err_t send_one(struct kafka_bus *b, const struct record *r)
{
        rd_kafka_headers_t *headers = r->header_count ? headers_of(r) : NULL;
        rd_kafka_resp_err_t err = rd_kafka_producev(
                b->rk, RD_KAFKA_V_TOPIC(bus_topic_of(&b->bus, r)),
                RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA),
                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                RD_KAFKA_V_KEY(unconst(r->key), r->key ? r->key_len : 0),
                RD_KAFKA_V_VALUE(unconst(r->value), r->value ? r->value_len : 0),
                RD_KAFKA_V_TIMESTAMP(r->timestamp_ms), RD_KAFKA_V_OPAQUE((void *)(intptr_t)r->tag),
                RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);

        if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
                b->under_way++;
        else if (headers)
                rd_kafka_headers_destroy(headers);
        return err;
}

/* A record that librdkafka does not take has its result at once. The records after it, which may
   have the same key, are given back. */
bool kafka_send(struct bus *bus, const struct record *records, size_t count, struct error *error)
{
        struct kafka_bus *b = kafka_bus(bus);
        bool stopped[2] = {false, false}; /* the bus's own topic, and others */

        if (!b->rk)
                return error_set(error, ERROR_UNAVAILABLE, "Kafka at %s: no client", b->servers);
        for (size_t i = 0; i < count; i++) {
                const struct record *r = &records[i];
                bool *stop = &stopped[r->topic != NULL];
                rd_kafka_resp_err_t err;

                if (bus_record_fault(r))
                        continue;
                if (r->topic)
                        kafka_topic_is_made(b, r->topic, 0);
                err = *stop ? RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS : send_one(b, r);
                *stop = err;
                if (err)
                        tell(b, bus_topic_of(bus, r), r->tag, err);
        }
        b->lingers_until = clock_mono_us() + LINGER_US;
        return true;
}

/* Waits until all records under way have their report, or the time is over. */
static bool purge(struct kafka_bus *b)
{
        int64_t end = clock_mono_us() + GIVE_UP_US;

        if (b->under_way)
                rd_kafka_purge(b->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        while (b->under_way && clock_mono_us() < end)
                rd_kafka_poll(b->rk, 10);
        return !b->under_way;
}

void kafka_give_up(struct bus *bus)
{
        if (kafka_bus(bus)->rk)
                purge(kafka_bus(bus));
}

/* An idempotent publisher that lost count can never publish again: open another, once this one
   has given back its records. */
static void renew_if_broken(struct kafka_bus *b, struct error *error)
{
        char why[256];

        if (!rd_kafka_fatal_error(b->rk, why, sizeof why))
                return;
        kafka_log(b, why);
        error_set(error, ERROR_UNAVAILABLE, "Kafka: %s", why);
        if (!purge(b))
                return;
        kafka_topic_forget(b, NULL);
        atomic_store(&b->seen, 0);
        kafka_abandon(b);
        kafka_connect(b, error);
}

/* Serves delivery reports. Without a linger, the first record of a batch would leave alone, and
   every further request costs the broker and each waiting group; a flush ends the linger for all
   records handed over. */
static void serve(struct kafka_bus *b, int rest_ms)
{
        if (clock_mono_us() < b->lingers_until)
                rd_kafka_flush(b->rk, rest_ms < FLUSH_MS ? rest_ms : FLUSH_MS);
        else
                rd_kafka_poll(b->rk, rest_ms < SLICE_MS ? rest_ms : SLICE_MS);
}

void kafka_wait(struct bus *bus, int wait_ms, struct error *error)
{
        struct kafka_bus *b = kafka_bus(bus);
        int64_t end = clock_mono_us() + (int64_t)wait_ms * 1000, rest = wait_ms;

        if (!b->rk && !kafka_connect(b, error))
                return;
        do {
                serve(b, (int)rest);
                renew_if_broken(b, error);
                rest = (end - clock_mono_us() + 999) / 1000;
        } while (b->rk && !bus_has_told(bus) && rest > 0 && !bus_was_woken(bus));
        if (b->away && b->under_way && error->kind == ERROR_NONE)
                error_set(error, ERROR_UNAVAILABLE, "Kafka at %s does not answer", b->servers);
}
