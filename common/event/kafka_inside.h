/* kafka_inside - for the files of the Kafka adapter only: kafka_bus.c (opening, closing),
   kafka_conf.c, kafka_publisher.c, kafka_reader.c, kafka_member.c, kafka_anew.c, kafka_view.c,
   kafka_follower.c, kafka_through.c and kafka_topic.c. */
#ifndef EVENT_KAFKA_INSIDE_H
#define EVENT_KAFKA_INSIDE_H

#include "event/bus_adapter.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>

/* Of one partition: the offset after the last record that was polled, applied, or written as the
   group's position; -1: none since the assignment. */
struct kafka_position {
        int64_t polled, applied, written;
        struct metric *lag;
        int64_t committed; /* what the group has, as it was asked last; KAFKA_NONE: it has none */
};

enum { KAFKA_NOT_ASKED = -1, KAFKA_NONE = RD_KAFKA_OFFSET_INVALID };

/* A topic that we asked the cluster to make. */
struct kafka_topic {
        struct kafka_topic *next;
        bool made; /* or the broker gave another final answer */
        bool asked;
        char name[];
};

enum kafka_role {
        KAFKA_PUBLISHES,
        KAFKA_READS,      /* in a group */
        KAFKA_FOLLOWS,    /* without one */
        KAFKA_LOOKS_BACK, /* ... and in little memory, because a service does it */
};

/* All partitions of the topic, without a group. */
struct kafka_view {
        rd_kafka_topic_t *topic; /* NULL: before the first look at it */
        bool *started;
        int count; /* of `started` */
};

struct kafka_follower;

struct kafka_bus {
        struct bus bus;
        enum kafka_role role;
        char *servers, *client, *group, *properties;
        bool quiet;
        struct metrics *metrics;
        int partitions; /* of the topic, when it is made; 0: the broker's default */
        rd_kafka_t *rk;
        pthread_mutex_t queue_lock; /* any thread calls bus_wake, and a publisher's client may be
                                       replaced */
        rd_kafka_queue_t *queue;    /* the bus's thread waits on it */
        rd_kafka_queue_t *answers;  /* answers to our own requests: make a topic, commit offsets */
        struct kafka_topic *topics;
        bool away; /* all brokers were down since the wait began */

        /* publishing: the opaque of a message is its record's tag */
        size_t under_way;
        int64_t lingers_until; /* monotonic us: until then librdkafka may hold records back for
                                  more */
        int parts;             /* of the bus's own topic, as kafka_parts() returned it */
        _Atomic int seen;      /* ... as librdkafka saw them last; 0: not known */

        /* reading */
        bool subscribed;
        bool member;              /* the coordinator assigned its partitions, maybe none */
        _Atomic int64_t heard_us; /* monotonic: the coordinator's last answer */
        bool mute;                /* the coordinator did not answer at the last look */
        bool leaving;             /* asks the group nothing more */
        bool anew; /* the topic was made anew: this reader's positions do not count */
        struct kafka_position *positions;
        int position_count;
        int64_t tidied_us;
        bool idling;              /* kafka_idle() is under way */
        rd_kafka_message_t *held; /* came while idling: the first of the next poll */

        /* following */
        struct kafka_view view;
        struct kafka_follower *follower;
};

static inline struct kafka_bus *kafka_bus(struct bus *bus)
{
        return CONTAINER_OF(bus, struct kafka_bus, bus);
}

/* kafka_bus.c */
bool kafka_connect(struct kafka_bus *bus, struct error *error);
void kafka_abandon(struct kafka_bus *bus); /* destroys the client, in a thread of its own */

/* group: of a reader */
struct kafka_bus *kafka_new(const struct bus_config *config, const char *place,
                            enum kafka_role role, const char *group, struct error *error);
void kafka_free(struct kafka_bus *bus);         /* after its client is destroyed */
void kafka_queues_close(struct kafka_bus *bus); /* before the client is destroyed */

void kafka_close(struct bus *bus, int wait_ms);
void kafka_wake(struct bus *bus);

/* kafka_conf.c */
/* NULL fills the error. */
rd_kafka_conf_t *kafka_conf_open(struct kafka_bus *bus, struct error *error);
/* Logs a warning, now and then, unless the bus is quiet. */
void kafka_log(const struct kafka_bus *bus, const char *message);

/* kafka_view.c; the bus FOLLOWS or LOOKS_BACK */
/* How many partitions the topic has; 0: it does not exist; -1: the cluster does not answer. *err
   says why. Asking does not make the topic: a consumer's client does not allow that. */
int kafka_view_look(struct kafka_bus *bus, int wait_ms, rd_kafka_resp_err_t *err);
/* The offset of its first record, and that after its last one. Waits so long for each of the two at
   most. */
rd_kafka_resp_err_t kafka_view_bounds(struct kafka_bus *bus, int32_t partition, int64_t *begin,
                                      int64_t *end, int wait_ms);
bool kafka_view_start(struct kafka_bus *bus, int32_t partition, int64_t offset);
void kafka_view_stop(struct kafka_bus *bus); /* before the client is destroyed */
/* Up to `most` messages: waits for the first, then takes what is there. Each is to be destroyed;
   one with an error is none. */
size_t kafka_view_wait(struct kafka_bus *bus, rd_kafka_message_t **batch, size_t most, int wait_ms);

/* kafka_follower.c */
void kafka_follower_free(struct kafka_follower *follower);

/* kafka_through.c */
void kafka_look_back(const struct bus_config *config, const char *place, const _Atomic bool *stop);
bool kafka_read_through(const struct bus_config *config, const char *place,
                        const struct bus_through *through, struct error *error);
bool kafka_list_topics(const struct bus_config *config, const char *place,
                       const struct bus_topics *topics, struct error *error);

/* kafka_topic.c */
/* Looks for the topic, asks to make it, and waits so long for the answer, a second at most if the
   cluster does not answer; 0: only asks. */
bool kafka_topic_is_made(struct kafka_bus *bus, const char *topic, int wait_ms);
/* The topic is gone: ask again; NULL: all topics, and their answers will not come. */
void kafka_topic_forget(struct kafka_bus *bus, const char *topic);
/* Waits until end_us at most; true: go on. */
bool kafka_topic_make(struct kafka_bus *bus, const char *topic, int64_t end_us,
                      struct error *error);
void kafka_topics_free(struct kafka_bus *bus);

/* kafka_publisher.c */
void kafka_delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);
int32_t kafka_partition(const rd_kafka_topic_t *topic, const void *key, size_t key_len,
                        int32_t count, void *bus, void *opaque);
int kafka_parts(struct bus *bus, struct error *error);
int kafka_lane(struct bus *bus, const char *key, size_t key_len);
bool kafka_send(struct bus *bus, const struct record *records, size_t count, struct error *error);
void kafka_wait(struct bus *bus, int wait_ms, struct error *error);
void kafka_give_up(struct bus *bus);

/* kafka_member.c */
/* Call it before there is a client. */
void kafka_member_listen(struct kafka_bus *bus, rd_kafka_conf_t *conf);
rd_kafka_resp_err_t kafka_member_join(struct kafka_bus *bus);
void kafka_member_is(struct kafka_bus *bus, bool member); /* after a rebalance */
void kafka_member_keep(struct kafka_bus *bus);            /* once a second */

/* kafka_anew.c */
bool kafka_may_commit(struct kafka_bus *bus); /* the group's offsets show that the topic is still
                                                 the one that was read */
void kafka_begin_anew(struct kafka_bus *bus); /* if it is another one: starts reading it from its
                                                 beginning */

/* kafka_reader.c */
struct kafka_position *kafka_position_of(struct kafka_bus *bus, int32_t partition);
void kafka_positions_forget(struct kafka_bus *bus);
void kafka_rebalanced(rd_kafka_t *rk, rd_kafka_resp_err_t what,
                      rd_kafka_topic_partition_list_t *partitions, void *opaque);
void kafka_committed(rd_kafka_t *rk, rd_kafka_resp_err_t err,
                     rd_kafka_topic_partition_list_t *offsets, void *opaque);
size_t kafka_poll(struct bus *bus, struct record *records, size_t most, int wait_ms,
                  struct arena *arena, struct error *error);
bool kafka_is_wanted(const struct kafka_bus *bus, const rd_kafka_message_t *message);
/* The record points into the message; the arena holds the list of its headers. */
void kafka_see_message(const struct kafka_bus *bus, const rd_kafka_message_t *message,
                       struct record *record, struct arena *arena);
void kafka_copy_message(const struct kafka_bus *bus, const rd_kafka_message_t *message,
                        struct record *record, struct arena *arena);
void kafka_commit(struct bus *bus);
void kafka_idle(struct bus *bus, int wait_ms);

#endif
