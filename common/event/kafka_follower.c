/* kafka_follower - follows a topic (bus_open_follower) through a view of all its partitions.

   Once a second it asks what partitions the topic has, so that it finds new ones. If the topic is
   gone, it begins again with a new client: what an old one remembers of the topic's leaders and
   offsets does not fit the next topic of this name.

   BUGS A topic that was made anew within that second, and has grown past the old positions, loses
   the records before these. */
#include "event/kafka_inside.h"

#include "base/clock.h"
#include "event/futex.h"

#include <stdlib.h>

enum {
        LOOK_US = 1000 * 1000,
        ASK_MS = 300, /* what does not answer holds up a poll so long, some times a second */
        BATCH = 500,
};

struct followed {
        int64_t position; /* the next offset */
        int64_t target;   /* the first wanted one after a skip; -1: it has come */
        int64_t skipped;  /* where that skip began */
        int64_t size;     /* what there is to read of it, while that is shared out */
};

struct kafka_follower {
        int64_t last; /* how far all partitions together may be behind */
        int64_t looked_us;
        struct followed *partitions;
        int count;
        int asked;                   /* the last look asked partitions up to this one */
        rd_kafka_resp_err_t trouble; /* of the last look */
};

void kafka_follower_free(struct kafka_follower *f)
{
        if (f)
                free(f->partitions);
        free(f);
}

/* How many of its last records each partition may have at most, so that all together have `most`
   at most. */
static int64_t share(const struct followed *partitions, int count, int64_t most)
{
        int64_t low = 0, high = most;

        while (low < high) {
                int64_t middle = low + (high - low + 1) / 2, sum = 0;

                for (int i = 0; i < count; i++)
                        sum += partitions[i].size < middle ? partitions[i].size : middle;
                if (sum <= most)
                        low = middle;
                else
                        high = middle - 1;
        }
        return low;
}

static bool is_started(const struct kafka_bus *b, int partition)
{
        return partition < b->view.count && b->view.started[partition];
}

static void start(struct kafka_bus *b, int32_t partition, int64_t offset)
{
        kafka_view_start(b, partition, offset);
        b->follower->partitions[partition] = (struct followed){.position = offset, .target = -1};
}

/* Asks for the size of what a partition that is not started has. Its end; -1: it does not answer.
 */
static int64_t find_end(struct kafka_bus *b, int32_t partition, int wait_ms)
{
        struct followed *p = &b->follower->partitions[partition];
        int64_t begin, end;

        p->size = 0;
        if (is_started(b, partition) || wait_ms <= 0 ||
            kafka_view_bounds(b, partition, &begin, &end, wait_ms) != RD_KAFKA_RESP_ERR_NO_ERROR)
                return -1;
        p->size = end - begin;
        return end;
}

/* A partition that does not answer is started after a later look, which asks the one after it
   first: there may be several. */
static void find_ends(struct kafka_bus *b, int64_t *ends)
{
        struct kafka_follower *f = b->follower;
        int64_t until = clock_mono_us() + ASK_MS * 1000;
        int first = f->asked;

        for (int i = 0; i < f->count; i++) {
                int p = (first + i) % f->count;
                int64_t rest = until - clock_mono_us();

                ends[p] = find_end(b, p, (int)(rest / 1000));
                if (rest > 0)
                        f->asked = p + 1;
        }
}

static void start_new_ones(struct kafka_bus *b)
{
        struct kafka_follower *f = b->follower;
        int64_t *ends = memory_alloc((size_t)f->count * sizeof *ends), most;

        find_ends(b, ends);
        most = share(f->partitions, f->count, f->last);
        for (int i = 0; i < f->count; i++)
                if (ends[i] >= 0)
                        start(b, i,
                              ends[i] - (f->partitions[i].size < most ? f->partitions[i].size
                                                                      : most));
        free(ends);
}

static void begin_anew(struct kafka_bus *b)
{
        struct error error;

        if (!b->follower->count)
                return;
        b->follower->count = 0;
        kafka_view_stop(b);
        kafka_abandon(b);
        if (!kafka_connect(b, &error))
                kafka_log(b, error.text);
}

static void grow(struct kafka_follower *f, int count)
{
        f->partitions = memory_grow(f->partitions, (size_t)count * sizeof *f->partitions);
        for (; f->count < count; f->count++)
                f->partitions[f->count] = (struct followed){0};
}

static void look(struct kafka_bus *b)
{
        struct kafka_follower *f = b->follower;
        int64_t now = clock_mono_us();
        int count;

        if (now - f->looked_us < LOOK_US)
                return;
        f->looked_us = now;
        count = b->rk || kafka_connect(b, &(struct error){0})
                        ? kafka_view_look(b, ASK_MS, &f->trouble)
                        : -1;
        b->away = count < 0;
        if (count >= 0 && count < f->count) {
                begin_anew(b);
        } else if (count > 0) {
                grow(f, count);
                start_new_ones(b);
        }
}

/* The ends are those that came with the last records: asking costs nothing. */
static int64_t find_behind(struct kafka_bus *b)
{
        struct kafka_follower *f = b->follower;
        int64_t all = 0, begin, end;

        for (int i = 0; i < f->count; i++) {
                struct followed *p = &f->partitions[i];

                p->size = 0;
                if (!is_started(b, i) ||
                    rd_kafka_get_watermark_offsets(b->rk, b->bus.topic, i, &begin, &end) !=
                            RD_KAFKA_RESP_ERR_NO_ERROR ||
                    end <= p->position)
                        continue;
                p->size = end - p->position;
                all += p->size;
        }
        return all;
}

static void skip_ahead(struct kafka_bus *b)
{
        struct kafka_follower *f = b->follower;
        int64_t most;

        if (find_behind(b) <= f->last)
                return;
        most = share(f->partitions, f->count, f->last);
        for (int i = 0; i < f->count; i++) {
                struct followed *p = &f->partitions[i];

                if (p->size <= most || rd_kafka_seek(b->view.topic, i, p->position + p->size - most,
                                                     0) != RD_KAFKA_RESP_ERR_NO_ERROR)
                        continue;
                p->skipped = p->position;
                p->position += p->size - most;
                p->target = p->position;
                b->bus.passed_over += p->size - most;
        }
}

/* Is it to be handed out? */
static bool take(struct kafka_bus *b, const rd_kafka_message_t *m)
{
        struct kafka_follower *f = b->follower;
        struct followed *p;

        if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
                if (m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
                        kafka_log(b, rd_kafka_message_errstr(m));
                return false;
        }
        p = &f->partitions[m->partition];
        if (m->offset >= p->skipped && m->offset < p->target)
                return false; /* it was fetched before the skip; a smaller offset is one of another
                                 topic of this name */
        p->target = -1;
        p->position = m->offset + 1;
        return kafka_is_wanted(b, m);
}

static size_t read_batch(struct kafka_bus *b, struct record *records, size_t most, int wait_ms,
                         struct arena *arena)
{
        rd_kafka_message_t *batch[BATCH];
        size_t seen, count = 0;

        seen = kafka_view_wait(b, batch, most < BATCH ? most : BATCH, wait_ms);
        for (size_t i = 0; i < seen; i++) {
                if (take(b, batch[i]))
                        kafka_copy_message(b, batch[i], &records[count++], arena);
                rd_kafka_message_destroy(batch[i]);
        }
        return count;
}

static size_t follower_poll(struct bus *bus, struct record *records, size_t most, int wait_ms,
                            struct arena *arena, struct error *error)
{
        struct kafka_bus *b = kafka_bus(bus);
        int64_t end = clock_mono_us() + (int64_t)wait_ms * 1000, rest;
        size_t count = 0;

        do {
                look(b);
                if (b->rk)
                        rd_kafka_poll(b->rk, 0); /* its log and its errors */
                skip_ahead(b);
                rest = end - clock_mono_us();
                rest = rest < 0 ? 0 : rest < LOOK_US ? rest : LOOK_US;
                if (b->follower->count && most)
                        count = read_batch(b, records, most, (int)(rest + 999) / 1000, arena);
                else
                        futex_word_wait(&bus->woken, 0, rest);
        } while (!count && most && !bus_was_woken(bus) && clock_mono_us() < end);
        if (!count && b->away)
                error_set(error, ERROR_UNAVAILABLE, "Kafka at %s: topic %s: %s", b->servers,
                          b->bus.topic,
                          b->follower->trouble ? rd_kafka_err2str(b->follower->trouble)
                                               : "no broker answers");
        return count;
}

static const struct bus_ops follower_ops = {
        .close = kafka_close,
        .poll = follower_poll,
        .wake = kafka_wake,
};

struct bus *kafka_follow(const struct bus_config *config, const char *place, int64_t last,
                         struct error *error)
{
        struct kafka_bus *b = kafka_new(config, place, KAFKA_FOLLOWS, NULL, error);

        if (!b)
                return NULL;
        b->bus.ops = &follower_ops;
        b->follower = memory_alloc(sizeof *b->follower);
        b->follower->last = last;
        return &b->bus;
}
