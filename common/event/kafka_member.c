/* kafka_member - keeps a reader's membership in its group while the coordinator does not answer.

   When a session is over without an answer, librdkafka gives up its member's name and joins
   anew. Once the coordinator is back, it still has the old member, waits a whole session for it,
   and lets no member read until that is over. So a member that gets no answers joins again
   before that, under the name that it has: then the coordinator has no old member to wait for. */
#include "event/kafka_inside.h"

#include "base/clock.h"
#include "base/log.h"

enum {
        HEARTBEAT = 12,            /* https://kafka.apache.org/protocol.html#protocol_api_keys */
        MUTE_US = 5 * 1000 * 1000, /* plus a second until the next look; a session is 10 s, with
                                      a heartbeat every 3 s */
};

/* On a thread of librdkafka's. */
static rd_kafka_resp_err_t on_response(rd_kafka_t *rk, int fd, const char *broker, int32_t number,
                                       int16_t request, int16_t version, int32_t correlation,
                                       size_t size, int64_t us, rd_kafka_resp_err_t err, void *bus)
{
        struct kafka_bus *b = bus;

        (void)rk, (void)fd, (void)broker, (void)number, (void)version, (void)correlation,
                (void)size, (void)us;
        if (request == HEARTBEAT && err == RD_KAFKA_RESP_ERR_NO_ERROR)
                atomic_store(&b->heard_us, clock_mono_us());
        return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *bus, char *why,
                                  size_t room)
{
        (void)conf, (void)why, (void)room;
        return rd_kafka_interceptor_add_on_response_received(rk, "member", on_response, bus);
}

void kafka_member_listen(struct kafka_bus *b, rd_kafka_conf_t *conf)
{
        rd_kafka_conf_interceptor_add_on_new(conf, "member", on_new, b);
}

rd_kafka_resp_err_t kafka_member_join(struct kafka_bus *b)
{
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_resp_err_t err;

        rd_kafka_topic_partition_list_add(list, b->bus.topic, RD_KAFKA_PARTITION_UA);
        err = rd_kafka_subscribe(b->rk, list);
        rd_kafka_topic_partition_list_destroy(list);
        return err;
}

void kafka_member_is(struct kafka_bus *b, bool member)
{
        b->member = member;
        if (member)
                atomic_store(&b->heard_us, clock_mono_us());
}

void kafka_member_keep(struct kafka_bus *b)
{
        bool mute = b->member && clock_mono_us() - atomic_load(&b->heard_us) >= MUTE_US,
             still = mute && b->mute;

        b->mute = mute; /* after one look it may be this process that stood still: then the
                           answer is in the socket */
        if (!still)
                return;
        log_write(LOG_INFO, "the group's coordinator does not answer; joining again",
                  "kafka.client", b->client, NULL);
        b->member = false; /* until a rebalance says so */
        kafka_member_join(b);
}
