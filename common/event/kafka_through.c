/* kafka_through - reads a topic without a group up to what was its end when the reading began: all
   of it (bus_read_through), or the last records of each partition (bus_look_back). */
#include "event/kafka_inside.h"

#include "base/clock.h"
#include "event/futex.h"

#include <stdlib.h>
#include <string.h>

enum {
        TAIL = 1000,           /* a look back: records of each partition, ... */
        TAIL_BYTES = 32 << 20, /* ... in all not more than that; otherwise these few: */
        FEW = 16,
        SLICE_MS = 1000, /* how late it sees *stop */
        PAUSE_US = 100 * 1000,
        ANSWER_US = 10 * 1000 * 1000,  /* the cluster, for what the topic is */
        SILENCE_US = 30 * 1000 * 1000, /* without one record */
        SHORT_SILENCE_US = 10 * 1000 * 1000,
        CLOSE_MS = 1000,
        BATCH = 200,
};

struct kafka_reading {
        struct kafka_bus *bus;
        const _Atomic bool *stop;
        const struct bus_through
                *through; /* NULL: looks back, and leaves out what does not answer */
        bool may_miss;    /* a topic that does not exist is empty */
        int64_t most;     /* records of each partition */
        size_t most_bytes;
        int64_t *ends; /* of each partition: the offset after its last record; 0: no more to read */
        int count, left;
        size_t bytes;                /* read so far */
        int64_t heard_us;            /* when the last record came */
        rd_kafka_resp_err_t trouble; /* the last one */
        struct arena *scratch;
        struct error *error;
};

static bool is_stopped(const struct kafka_reading *r)
{
        return r->stop && atomic_load(r->stop);
}

static bool fail(const struct kafka_reading *r, rd_kafka_resp_err_t err)
{
        return error_set(r->error, ERROR_UNAVAILABLE, "Kafka at %s: topic %s: %s", r->bus->servers,
                         r->bus->bus.topic,
                         is_stopped(r) ? "the reading was stopped" : rd_kafka_err2str(err));
}

/* A refused connection returns at once. */
static bool may_ask_again(const struct kafka_reading *r, int64_t end_us)
{
        if (is_stopped(r) || clock_mono_us() >= end_us)
                return false;
        futex_word_wait(&r->bus->bus.woken, 0, PAUSE_US);
        return true;
}

/* A look back waits for the cluster until it is stopped. */
static bool count_partitions(struct kafka_reading *r)
{
        int64_t end = r->through ? clock_mono_us() + ANSWER_US : INT64_MAX;
        rd_kafka_resp_err_t err;

        while ((r->count = kafka_view_look(r->bus, SLICE_MS, &err)) < 0)
                if (!may_ask_again(r, end))
                        return fail(r, err);
        return r->count > 0 || r->may_miss ||
               fail(r, err ? err : RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
}

static rd_kafka_resp_err_t find_bounds(struct kafka_reading *r, int32_t partition, int64_t *begin,
                                       int64_t *end)
{
        int64_t until = clock_mono_us() + (r->through ? ANSWER_US : 0);
        rd_kafka_resp_err_t err;

        do
                err = kafka_view_bounds(r->bus, partition, begin, end, SLICE_MS);
        while (err != RD_KAFKA_RESP_ERR_NO_ERROR && may_ask_again(r, until));
        return err;
}

static bool start_one(struct kafka_reading *r, int32_t partition)
{
        int64_t begin = 0, end = 0;
        rd_kafka_resp_err_t err = find_bounds(r, partition, &begin, &end);

        if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
                return !r->through || fail(r, err);
        if (begin > 0 && r->through && r->through->dropped)
                r->through->dropped(r->through->arg, partition);
        if (begin >= end)
                return true;
        if (end - begin > r->most)
                begin = end - r->most;
        if (!kafka_view_start(r->bus, partition, begin))
                return !r->through || fail(r, rd_kafka_last_error());
        r->ends[partition] = end;
        r->left++;
        return true;
}

static void end_one(struct kafka_reading *r, int32_t partition)
{
        if (r->ends[partition])
                r->left--;
        r->ends[partition] = 0;
}

/* False: it was enough. */
static bool hand_out(struct kafka_reading *r, const rd_kafka_message_t *m)
{
        struct record record;

        if (!r->through) {
                kafka_is_wanted(r->bus, m);
                return true;
        }
        kafka_see_message(r->bus, m, &record, r->scratch);
        return r->through->take(r->through->arg, &record);
}

/* False: it was enough. */
static bool take_record(struct kafka_reading *r, const rd_kafka_message_t *m)
{
        bool more = m->offset >= r->ends[m->partition] || hand_out(r, m);

        r->bytes += m->len;
        if (m->offset + 1 >= r->ends[m->partition])
                end_one(r, m->partition);
        return more;
}

/* A partition's end comes by itself where its last records are none for us, as those of a
   transaction. False: it was enough. */
static bool take(struct kafka_reading *r, const rd_kafka_message_t *m)
{
        bool is_end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;

        if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR && !is_end) {
                r->trouble = m->err;
                return true;
        }
        r->heard_us = clock_mono_us();
        if (!is_end)
                return take_record(r, m);
        end_one(r, m->partition);
        return true;
}

static bool take_batch(struct kafka_reading *r, rd_kafka_message_t **batch, size_t count)
{
        bool more = true;

        for (size_t i = 0; i < count; i++) {
                more = more && take(r, batch[i]);
                rd_kafka_message_destroy(batch[i]);
        }
        arena_reset(r->scratch);
        return more;
}

static bool read_all(struct kafka_reading *r)
{
        int64_t silence = r->through ? SILENCE_US : SHORT_SILENCE_US;
        rd_kafka_message_t *batch[BATCH];

        r->heard_us = clock_mono_us();
        r->trouble = RD_KAFKA_RESP_ERR__TIMED_OUT;
        while (r->left > 0 && r->bytes < r->most_bytes) {
                size_t count = kafka_view_wait(r->bus, batch, BATCH, SLICE_MS);

                rd_kafka_poll(r->bus->rk, 0); /* its log and its errors */
                if (!take_batch(r, batch, count))
                        return true;
                if (is_stopped(r) || clock_mono_us() - r->heard_us > silence)
                        return fail(r, r->trouble);
        }
        return true;
}

static bool read_spans(struct kafka_reading *r)
{
        bool good = count_partitions(r);

        r->ends = memory_alloc((size_t)(good ? r->count : 0) * sizeof *r->ends);
        for (int i = 0; good && i < r->count; i++)
                good = !is_stopped(r) ? start_one(r, i) : fail(r, RD_KAFKA_RESP_ERR_NO_ERROR);
        good = good && read_all(r);
        kafka_view_stop(r->bus);
        free(r->ends);
        return good;
}

static bool open_and_read(struct kafka_reading *r, const struct bus_config *config,
                          const char *place)
{
        struct bus *bus;
        bool good;

        r->bus = kafka_new(config, place, r->through ? KAFKA_FOLLOWS : KAFKA_LOOKS_BACK, NULL,
                           r->error);
        if (!r->bus)
                return false;
        r->scratch = arena_open();
        r->bus->bus.wanted = config->wanted;
        r->bus->bus.wanted_arg = config->wanted_arg;
        good = read_spans(r);
        arena_close(&r->scratch);
        bus = &r->bus->bus;
        bus_close(&bus, CLOSE_MS);
        return good;
}

bool kafka_read_through(const struct bus_config *config, const char *place,
                        const struct bus_through *through, struct error *error)
{
        struct kafka_reading r = {.stop = through->stop,
                                  .through = through,
                                  .may_miss = config->topic,
                                  .most = INT64_MAX,
                                  .most_bytes = SIZE_MAX,
                                  .error = error};

        return open_and_read(&r, config, place);
}

static bool is_asked_for(const struct kafka_bus *b, const struct bus_topics *topics,
                         const struct rd_kafka_metadata_topic *t)
{
        size_t len = strlen(topics->prefix);

        return !t->err && strncmp(t->topic, topics->prefix, len) == 0 && t->topic[len] &&
               strcmp(t->topic, b->bus.topic) != 0;
}

bool kafka_list_topics(const struct bus_config *config, const char *place,
                       const struct bus_topics *topics, struct error *error)
{
        struct kafka_bus *b = kafka_new(config, place, KAFKA_FOLLOWS, NULL, error);
        struct kafka_reading r = {.bus = b, .through = NULL, .error = error};
        int64_t end = clock_mono_us() + ANSWER_US;
        const struct rd_kafka_metadata *all = NULL;
        rd_kafka_resp_err_t err;
        struct bus *bus;

        if (!b)
                return false;
        while ((err = rd_kafka_metadata(b->rk, 1, NULL, &all, SLICE_MS)) && may_ask_again(&r, end))
                ;
        for (int i = 0; !err && i < all->topic_cnt; i++)
                if (is_asked_for(b, topics, &all->topics[i]))
                        topics->take(topics->arg, all->topics[i].topic);
        if (err)
                fail(&r, err);
        else
                rd_kafka_metadata_destroy(all);
        bus = &b->bus;
        bus_close(&bus, CLOSE_MS);
        return !err;
}

void kafka_look_back(const struct bus_config *config, const char *place, const _Atomic bool *stop)
{
        struct error ignored;
        struct kafka_reading r = {
                .stop = stop, .most = TAIL, .most_bytes = TAIL_BYTES, .error = &ignored};

        if (!open_and_read(&r, config, place) || r.bytes < TAIL_BYTES)
                return;
        r = (struct kafka_reading){
                .stop = stop, .most = FEW, .most_bytes = SIZE_MAX, .error = &ignored};
        open_and_read(&r, config, place);
}
