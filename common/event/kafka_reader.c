#include "event/kafka_inside.h"

#include "base/clock.h"
#include "event/futex.h"

#include <stdlib.h>
#include <string.h>

enum {
        TIDY_US = 1000 * 1000,
        LAST_COMMIT_MS = 1000, /* when a partition is given back */
        POLL_BYTES = 1 << 20,
        ASK_MS = 100, /* for the end of a partition */
};

struct kafka_position *kafka_position_of(struct kafka_bus *b, int32_t partition)
{
        if (partition >= b->position_count) {
                b->positions =
                        memory_grow(b->positions, (size_t)(partition + 1) * sizeof *b->positions);
                for (; b->position_count <= partition; b->position_count++)
                        b->positions[b->position_count] =
                                (struct kafka_position){-1, -1, -1, NULL, KAFKA_NOT_ASKED};
        }
        return &b->positions[partition];
}

/* NULL: the group has all positions */
static rd_kafka_topic_partition_list_t *unwritten(struct kafka_bus *b)
{
        rd_kafka_topic_partition_list_t *list = NULL;

        for (int i = 0; i < b->position_count; i++) {
                struct kafka_position *p = &b->positions[i];

                if (p->applied == p->written)
                        continue;
                if (!list)
                        list = rd_kafka_topic_partition_list_new(b->position_count);
                rd_kafka_topic_partition_list_add(list, b->bus.topic, i)->offset = p->applied;
                p->written = p->applied;
        }
        return list;
}

void kafka_committed(rd_kafka_t *rk, rd_kafka_resp_err_t err,
                     rd_kafka_topic_partition_list_t *offsets, void *opaque)
{
        struct kafka_bus *b = opaque;

        (void)rk;
        for (int i = 0; offsets && i < offsets->cnt; i++) {
                const rd_kafka_topic_partition_t *o = &offsets->elems[i];

                if (err != RD_KAFKA_RESP_ERR_NO_ERROR || o->err != RD_KAFKA_RESP_ERR_NO_ERROR)
                        kafka_position_of(b, o->partition)->written =
                                -1; /* written again with the next */
                else
                        kafka_position_of(b, o->partition)->committed = o->offset;
        }
}

static void write_last_positions(struct kafka_bus *b)
{
        rd_kafka_topic_partition_list_t *list =
                (b->leaving ? !b->anew : kafka_may_commit(b)) ? unwritten(b) : NULL;

        if (!list)
                return;
        if (rd_kafka_commit_queue(b->rk, list, b->answers, NULL, NULL) ==
            RD_KAFKA_RESP_ERR_NO_ERROR)
                rd_kafka_event_destroy(rd_kafka_queue_poll(b->answers, LAST_COMMIT_MS));
        rd_kafka_topic_partition_list_destroy(list);
}

void kafka_positions_forget(struct kafka_bus *b)
{
        for (int i = 0; i < b->position_count; i++)
                b->positions[i] = (struct kafka_position){-1, -1, -1, b->positions[i].lag,
                                                          b->positions[i].committed};
        if (b->held)
                rd_kafka_message_destroy(b->held);
        b->held = NULL;
}

/* They belong to another member now. */
static void give_back(struct kafka_bus *b)
{
        for (int i = 0; i < b->position_count; i++) {
                if (b->positions[i].lag && b->metrics)
                        metric_set(b->positions[i].lag, 0);
                b->positions[i].lag = NULL;
        }
        kafka_positions_forget(b);
}

/* While the reader idles, what it is given waits too: so it can go on polling, as a member must,
   and no record comes. */
static void take(struct kafka_bus *b, rd_kafka_topic_partition_list_t *partitions)
{
        for (int i = 0; i < partitions->cnt; i++)
                kafka_position_of(b, partitions->elems[i].partition)->lag =
                        bus_lag_series(b->metrics, b->bus.topic, partitions->elems[i].partition);
        rd_kafka_assign(b->rk, partitions);
        if (b->idling)
                rd_kafka_pause_partitions(b->rk, partitions);
}

void kafka_rebalanced(rd_kafka_t *rk, rd_kafka_resp_err_t what,
                      rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
        struct kafka_bus *b = opaque;

        kafka_member_is(b, what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS);
        if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
                take(b, partitions);
                return;
        }
        if (!rd_kafka_assignment_lost(rk))
                write_last_positions(b);
        give_back(b);
        if (b->idling) /* it may get them again when it does not idle */
                rd_kafka_resume_partitions(rk, partitions);
        rd_kafka_assign(rk, NULL);
}

/* Each fetch brings the end, and while the reader idles there is none: then we ask. *first: where
   a group without a position begins; negative: not known. */
static bool bounds_of(struct kafka_bus *b, int32_t partition, int64_t *first, int64_t *end)
{
        return (b->idling ? rd_kafka_query_watermark_offsets(b->rk, b->bus.topic, partition, first,
                                                             end, ASK_MS)
                          : rd_kafka_get_watermark_offsets(b->rk, b->bus.topic, partition, first,
                                                           end)) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void show_lag(struct kafka_bus *b)
{
        for (int i = 0; i < b->position_count; i++) {
                struct kafka_position *p = &b->positions[i];
                int64_t first = -1, end = -1, from = p->applied >= 0 ? p->applied : p->committed;

                if (!p->lag || from == KAFKA_NOT_ASKED)
                        continue;
                if (!bounds_of(b, i, &first, &end) && b->idling)
                        return; /* the broker does not answer */
                if (from < first)
                        from = first;
                if (from >= 0 && end >= from)
                        metric_set(p->lag, (double)(end - from));
        }
}

static void commit(struct kafka_bus *b, rd_kafka_topic_partition_list_t *list)
{
        if (rd_kafka_commit(b->rk, list, 1) != RD_KAFKA_RESP_ERR_NO_ERROR)
                kafka_committed(b->rk, RD_KAFKA_RESP_ERR__FAIL, list, b);
        rd_kafka_topic_partition_list_destroy(list);
}

/* Once a second, whatever the reader is doing. */
static void tidy(struct kafka_bus *b)
{
        rd_kafka_topic_partition_list_t *list;
        int64_t now = clock_mono_us();

        if (now - b->tidied_us < TIDY_US)
                return;
        b->tidied_us = now;
        kafka_member_keep(b);
        if (!kafka_may_commit(b))
                kafka_begin_anew(b);
        else if ((list = unwritten(b)))
                commit(b, list);
        show_lag(b);
}

static bool subscribe(struct kafka_bus *b, int64_t end_us, struct error *error)
{
        rd_kafka_resp_err_t err;

        if (b->subscribed)
                return true;
        if (!kafka_topic_make(b, b->bus.topic, end_us, error))
                return false;
        err = kafka_member_join(b);
        b->subscribed = err == RD_KAFKA_RESP_ERR_NO_ERROR;
        return b->subscribed ||
               error_set(error, ERROR_UNAVAILABLE, "Kafka: %s", rd_kafka_err2str(err));
}

/* The record points into the message. Returns its headers; NULL: none. */
static struct record_header *see_headers(const rd_kafka_message_t *m, struct record *r,
                                         struct arena *arena)
{
        rd_kafka_headers_t *headers;
        struct record_header *to;
        const void *value;

        if (rd_kafka_message_headers(m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
                return NULL;
        r->header_count = rd_kafka_header_cnt(headers);
        r->headers = to = arena_room(arena, r->header_count * sizeof *to);
        for (size_t i = 0; i < r->header_count; i++) {
                rd_kafka_header_get_all(headers, i, &to[i].name, &value, &to[i].len);
                to[i].value = value;
        }
        return to;
}

static void see_bytes(const struct kafka_bus *b, const rd_kafka_message_t *m, struct record *r)
{
        rd_kafka_timestamp_type_t type;

        *r = (struct record){
                .topic = b->bus.topic,
                .partition = m->partition,
                .offset = m->offset,
                .timestamp_ms = rd_kafka_message_timestamp(m, &type),
                .key = m->key,
                .key_len = m->key ? m->key_len : 0,
                .value = m->payload,
                .value_len = m->payload ? m->len : 0,
        };
}

void kafka_see_message(const struct kafka_bus *b, const rd_kafka_message_t *m, struct record *r,
                       struct arena *arena)
{
        see_bytes(b, m, r);
        see_headers(m, r, arena);
}

void kafka_copy_message(const struct kafka_bus *b, const rd_kafka_message_t *m, struct record *r,
                        struct arena *arena)
{
        struct record_header *headers;

        see_bytes(b, m, r);
        headers = see_headers(m, r, arena);
        r->key = r->key ? arena_copy(arena, r->key, r->key_len) : NULL;
        r->value = r->value ? arena_copy(arena, r->value, r->value_len) : NULL;
        for (size_t i = 0; i < r->header_count; i++) {
                headers[i].name = arena_string(arena, headers[i].name);
                if (headers[i].value)
                        headers[i].value = arena_copy(arena, headers[i].value, headers[i].len);
        }
}

bool kafka_is_wanted(const struct kafka_bus *b, const rd_kafka_message_t *m)
{
        rd_kafka_headers_t *headers;
        struct bus_sign sign = {0};
        const char *name;
        const void *value;
        size_t len;

        if (!b->bus.wanted || rd_kafka_message_headers(m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
                return true;
        for (size_t i = 0;
             rd_kafka_header_get_all(headers, i, &name, &value, &len) == RD_KAFKA_RESP_ERR_NO_ERROR;
             i++)
                bus_sign_take(&sign, name, strlen(name), value, len);
        return bus_wants(&b->bus, &sign);
}

/* The next message, or NULL; errors are logged. */
static rd_kafka_message_t *next_message(struct kafka_bus *b, int wait_ms)
{
        rd_kafka_message_t *m = b->held;

        b->held = NULL;
        if (m)
                return m;
        m = rd_kafka_consumer_poll(b->rk, wait_ms);
        if (!m || m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
                return m;
        kafka_log(b, rd_kafka_message_errstr(m));
        rd_kafka_message_destroy(m);
        return NULL;
}

static rd_kafka_message_t *first_message(struct kafka_bus *b, int64_t end_us)
{
        rd_kafka_message_t *m = next_message(b, 0);

        while (!m) {
                int64_t rest = (end_us - clock_mono_us() + 999) / 1000;

                tidy(b);
                if (rest <= 0 || bus_was_woken(&b->bus))
                        return NULL;
                m = next_message(b, rest < TIDY_US / 1000 ? (int)rest : TIDY_US / 1000);
        }
        return m;
}

/* Notes that polled records need not come again. */
static void pass(struct kafka_bus *b)
{
        for (int i = 0; i < b->position_count; i++)
                b->positions[i].applied = b->positions[i].polled;
        tidy(b);
}

size_t kafka_poll(struct bus *bus, struct record *records, size_t most, int wait_ms,
                  struct arena *arena, struct error *error)
{
        struct kafka_bus *b = kafka_bus(bus);
        int64_t end = clock_mono_us() + (int64_t)wait_ms * 1000;
        size_t count = 0, seen = 0, bytes = 0;
        rd_kafka_message_t *m;

        b->away = false;
        if (most == 0 || !subscribe(b, end, error))
                return 0;
        for (m = first_message(b, end); m; m = next_message(b, 0)) {
                if (kafka_is_wanted(b, m))
                        kafka_copy_message(b, m, &records[count++], arena);
                kafka_position_of(b, m->partition)->polled = m->offset + 1;
                bytes += m->len;
                rd_kafka_message_destroy(m);
                if (++seen == most || bytes >= POLL_BYTES)
                        break;
        }
        if (seen && !count && !bus->handed_out)
                pass(b); /* none of the records was wanted */
        if (count == 0 && b->away)
                error_set(error, ERROR_UNAVAILABLE, "Kafka at %s does not answer", b->servers);
        return count;
}

void kafka_commit(struct bus *bus)
{
        pass(kafka_bus(bus));
}

static void pause_all(struct kafka_bus *b, bool pause)
{
        rd_kafka_topic_partition_list_t *mine = NULL;

        rd_kafka_assignment(b->rk, &mine);
        if (!mine)
                return;
        if (pause)
                rd_kafka_pause_partitions(b->rk, mine);
        else
                rd_kafka_resume_partitions(b->rk, mine);
        rd_kafka_topic_partition_list_destroy(mine);
}

/* Polls while paused, because nothing else keeps the membership in a rebalance. One that idles
   from its start joins too: it has its part of the records, and their lag. No message comes then;
   if one does, it is held, not lost. */
void kafka_idle(struct bus *bus, int wait_ms)
{
        struct kafka_bus *b = kafka_bus(bus);
        int64_t end = clock_mono_us() + (int64_t)wait_ms * 1000, rest;
        struct error ignored;

        subscribe(b, end, &ignored);
        pause_all(b, true);
        b->idling = true;
        while (!bus_was_woken(bus) && (rest = end - clock_mono_us()) > 0) {
                rest = rest < TIDY_US ? rest : TIDY_US;
                tidy(b);
                if (b->held || !b->subscribed)
                        futex_word_wait(&bus->woken, 0, rest);
                else
                        b->held = next_message(b, (int)(rest + 999) / 1000);
        }
        b->idling = false;
        pause_all(b, false);
}
