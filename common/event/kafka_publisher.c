#include "event/kafka_inside.h"

#include "base/clock.h"

#include <string.h>

enum {
        SLICE_MS = 1000,
        PURGE_MS = 5000, /* the reports of a purge come at once */
};

/* What trying again cannot mend. */
static bool is_final(rd_kafka_resp_err_t err)
{
        return err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || err == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION ||
               err == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE || err == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
               err == RD_KAFKA_RESP_ERR__INVALID_ARG;
}

static void settle(struct record *r, rd_kafka_resp_err_t err)
{
        if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                r->result = BUS_PUBLISHED;
        } else if (is_final(err)) {
                r->result = BUS_REFUSED;
                r->reason = rd_kafka_err2str(err);
        }
}

/* A report about an earlier call's record says a number below the first of this one's. */
void kafka_delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
        struct kafka_bus *b = opaque;
        uintptr_t number = (uintptr_t)m->_private;

        (void)rk;
        if (number < b->first || number - b->first >= b->count)
                return;
        b->outstanding--;
        settle(&b->records[number - b->first], m->err);
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

/* librdkafka copies what it takes as `void *` */
static void *unconst(const char *bytes)
{
        return (void *)(uintptr_t)bytes;
}

static rd_kafka_resp_err_t send_one(struct kafka_bus *b, size_t i)
{
        const struct record *r = &b->records[i];
        rd_kafka_headers_t *headers = r->header_count ? headers_of(r) : NULL;
        rd_kafka_resp_err_t err = rd_kafka_producev(
                b->rk, RD_KAFKA_V_TOPIC(r->topic), RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA),
                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(unconst(r->key), r->key ? r->key_len : 0),
                RD_KAFKA_V_VALUE(unconst(r->value), r->value ? r->value_len : 0),
                RD_KAFKA_V_TIMESTAMP(r->timestamp_ms), RD_KAFKA_V_OPAQUE((void *)(b->first + i)),
                RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);

        if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
                b->outstanding++;
        else if (headers)
                rd_kafka_headers_destroy(headers);
        return err;
}

/* Sends what was handed over, in as few requests as it takes, and serves delivery reports for a while; false: no time left,
   or woken, or the client broke. Without a linger the first record of a batch would leave alone, and every request more
   costs the broker and each group that waits for it. */
static bool serve(struct kafka_bus *b, int64_t end_us)
{
        int64_t rest = (end_us - clock_mono_us() + 999) / 1000;

        if (rest <= 0 || bus_was_woken(&b->bus) || rd_kafka_fatal_error(b->rk, NULL, 0))
                return false;
        rd_kafka_flush(b->rk, rest < SLICE_MS ? (int)rest : SLICE_MS);
        return true;
}

static bool send_all(struct kafka_bus *b, int64_t end_us, struct error *error)
{
        for (size_t i = 0; i < b->count; i++) {
                struct record *r = &b->records[i];
                rd_kafka_resp_err_t err;

                if (r->result != BUS_WAITING)
                        continue;
                if (!kafka_topic_make(b, r->topic, end_us, error))
                        return false;
                while ((err = send_one(b, i)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
                        if (!serve(b, end_us))
                                return false;
                if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
                        continue;
                settle(r, err);
                if (!is_final(err))
                        return error_set(error, ERROR_UNAVAILABLE, "Kafka: %s", rd_kafka_err2str(err));
        }
        return true;
}

/* What is under way is given up, so that what the caller publishes again comes behind it. */
static void give_up(struct kafka_bus *b)
{
        int64_t end = clock_mono_us() + PURGE_MS * 1000;

        if (!b->outstanding)
                return;
        rd_kafka_purge(b->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        while (b->outstanding && clock_mono_us() < end)
                rd_kafka_poll(b->rk, 10);
}

/* An idempotent publisher that lost count (2.0.2 may after a lost answer) never publishes again: take another. */
static void renew_if_broken(struct kafka_bus *b, struct error *error)
{
        char why[256];

        if (!rd_kafka_fatal_error(b->rk, why, sizeof why))
                return;
        kafka_log(b, why);
        error_set(error, ERROR_UNAVAILABLE, "Kafka: %s", why);
        for (struct kafka_topic *t = b->topics; t; t = t->next)
                t->asked = false; /* its answer went with the client */
        kafka_abandon(b);
        kafka_connect(b, error);
}

void kafka_publish(struct bus *bus, struct record *records, size_t count, int wait_ms, struct error *error)
{
        struct kafka_bus *b = kafka_bus(bus);
        int64_t end = clock_mono_us() + (int64_t)wait_ms * 1000;

        if (!b->rk && !kafka_connect(b, error))
                return;
        b->records = records;
        b->count = count;
        b->outstanding = 0;
        if (send_all(b, end, error))
                while (b->outstanding && serve(b, end))
                        ;
        if (b->outstanding && error->kind == ERROR_NONE)
                error_set(error, ERROR_UNAVAILABLE, "Kafka at %s does not answer", b->servers);
        give_up(b);
        b->first += count;
        b->records = NULL;
        b->count = 0;
        renew_if_broken(b, error);
}
