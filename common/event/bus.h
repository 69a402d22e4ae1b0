/* bus - the port to whatever carries events: publish in order, read as a group.

   Two adapters, one contract test (bus_test.c):
     log:PATH                             one durable SQLite file for all daemons of one machine (bus_log.c)
     kafka://host:port[,host:port]/topic  a Kafka cluster (bus_kafka.c)

   Promises of both: what bus_publish reported BUS_PUBLISHED survives kill -9 and power loss; records of one key
   keep their order; a group reads each record at least once, starts at the earliest, and after a crash
   again from its last bus_commit at the latest.

   A bus is either a publisher or a reader; each belongs to one thread, but bus_wake may be called from any. */
#ifndef EVENT_BUS_H
#define EVENT_BUS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/metrics.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As in Kafka: a header's value is bytes. */
struct record_header {
        const char *name;
        const char *value; /* NULL: none, which is not the empty one */
        size_t len;
};

enum publish_result {
        BUS_WAITING,   /* not acknowledged: publish it again */
        BUS_PUBLISHED, /* durable */
        BUS_REFUSED,   /* never will be (too large, invalid topic): `reason` says why */
};

struct record {
        const char *topic; /* NULL when publishing: the bus's own topic */
        int32_t partition; /* reading */
        int64_t offset;    /* reading */
        int64_t timestamp_ms; /* Unix time; publishing: 0 is now */
        const char *key;   /* NULL: none */
        size_t key_len;
        const char *value; /* NULL: none (a tombstone) */
        size_t value_len;
        const struct record_header *headers;
        size_t header_count;
        enum publish_result result; /* publishing */
        const char *reason;         /* BUS_REFUSED: static text */
};

struct bus;

/* A header's value before anything is copied: not NUL-terminated; at NULL: there is no such header. */
struct bus_word {
        const char *at;
        size_t len;
};

/* What a record says of itself in its headers ce_type, ce_source and ce_id. */
struct bus_sign {
        struct bus_word type, source, id;
};

/* Called for each record that a reader passes: has it use for the record? One without a type is handed out in any case. */
typedef bool bus_wish(void *arg, const struct bus_sign *sign);

struct bus_config {
        const char *url;        /* MALL_BUS_URL */
        const char *client;     /* "order": for logs and the broker */
        int64_t retention_ms;   /* log only; 0: keep for ever */
        const char *properties; /* Kafka only: file of librdkafka's, see kafka_properties.h; NULL: none */
        int partitions;         /* Kafka only: of the bus's own topic, if it is not there and is made; 0: the broker's default */
        struct metrics *metrics; /* may be NULL; kafka_consumer_records_lag{topic,partition} */
        bus_wish *wanted;        /* reading: what names its type and is not wanted is passed over; NULL: all is wanted */
        void *wanted_arg;
};

/* Checks the URL only: an absent broker is no error, a file that cannot be opened is. */
struct bus *bus_open_publisher(const struct bus_config *config, struct error *error);
/* group: consumer group; reads the bus's own topic. */
struct bus *bus_open_reader(const struct bus_config *config, const char *group, struct error *error);
/* On this machine: it answers at once or not at all. */
bool bus_is_local(const struct bus_config *config);
/* Calls config->wanted for some of the last records of the bus's own topic, in no certain order. Uses the rights of the group but does not join it, and hands out
   nothing. Takes seconds at most once the bus answers, and waits for that until *stop (looked at each second). */
void bus_look_back(const struct bus_config *config, const char *group, const _Atomic bool *stop);
/* Waits at most wait_ms for what is under way (leaving the group, flushing); then leaves it behind. */
void bus_close(struct bus **bus, int wait_ms);

/* Blocks until every record has a result other than BUS_WAITING, or wait_ms is over, or bus_wake. Returns how many
   at the front have one (PUBLISHED or REFUSED). Records are sent in order; publish the rest again, in order.
   A reader of the error kind sees ERROR_UNAVAILABLE when the broker is away. Topics that do not exist are made. */
size_t bus_publish(struct bus *bus, struct record *records, size_t count, int wait_ms, struct error *error);

/* Up to `most` records behind the last poll; waits up to wait_ms for the first, then takes what is there at once.
   0: none came (error->kind ERROR_NONE) or the bus is away (ERROR_UNAVAILABLE, poll again) or broken (ERROR_INTERNAL: a damaged
   file; poll again, but somebody must look after it). Either way wait_ms is over then, so that polling again costs nothing.
   The records and their bytes live in the arena. */
size_t bus_poll(struct bus *bus, struct record *records, size_t most, int wait_ms, struct arena *arena, struct error *error);

/* All that was polled so far is applied: the group need not see it again. May be lazy (up to a second late, for
   the inbox recognises what comes twice); bus_close writes the last one. */
bool bus_commit(struct bus *bus, struct error *error);

/* While applying fails for a passing reason: keeps the membership alive without reading on. */
void bus_idle(struct bus *bus, int wait_ms);

/* Letters, digits, '.', '_' and '-', as Kafka has it. */
bool bus_topic_is_valid(const char *topic);

/* Ends a wait of bus_poll, bus_publish or bus_idle now, or the next one if none is under way. Any thread. */
void bus_wake(struct bus *bus);

/* The largest value a record may have, and value, key and headers together, bytes (a broker's default is a little over 1,000,000).
   A request whose event would be larger is refused with 413. */
enum { BUS_VALUE_MAX = 900 * 1024, BUS_RECORD_MAX = 980 * 1000 };

#endif
