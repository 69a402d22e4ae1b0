/* bus - the port to the event bus: publish in order, read as a group, or follow.

   Two adapters, one contract test (bus_test.c):

     log:PATH                             one durable SQLite file for all daemons of one machine
                                          (eventlog_bus.c)
     kafka://host:port[,host:port]/topic  a Kafka cluster (kafka_bus.c)

   Promises of both: a record that is reported BUS_PUBLISHED survives kill -9 and power loss;
   records of one key keep their order; a group reads each record at least once, starts at the
   earliest, and after a crash continues from its last bus_commit or before.

   A bus is a publisher, a reader or a follower. Each belongs to one thread, but any thread may call
   bus_wake.

   Publishing is asynchronous, record by record: after bus_send the record waits in the bus until
   its result is known (bus_results), for as long as that takes. Do not send it again meanwhile:
   the bus would carry it twice. */
#ifndef EVENT_BUS_H
#define EVENT_BUS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/metrics.h"
#include "data/record.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum publish_result {
        BUS_PUBLISHED, /* durable */
        BUS_REFUSED,   /* it will never be published (too large, invalid topic) */
        BUS_CLOSED,    /* not on the bus: its topic does not exist, or we may not write to it;
                          that may change */
        BUS_RETURNED,  /* given up with its session; we do not know whether it is on the bus */
};

struct bus_result {
        int64_t tag; /* the record's */
        enum publish_result result;
        const char *reason; /* static text; NULL for BUS_PUBLISHED */
};

/* Records of one key share a lane, and so do all records that can hold them up (a partition
   without a leader, a missing topic). Lanes from BUS_OWN_LANES on are for topics other than the
   bus's own. */
enum { BUS_LANES = 128, BUS_OWN_LANES = 120 };

struct bus;

/* A header's value before anything is copied: not NUL-terminated; at NULL: there is no such
   header. */
struct bus_word {
        const char *at;
        size_t len;
};

/* The record's headers ce_type, ce_source and ce_id. */
struct bus_sign {
        struct bus_word type, source, id;
};

/* Called for each record that a reader passes: does it want the record? A record without a type
   is handed out in any case. */
typedef bool bus_wish(void *arg, const struct bus_sign *sign);

extern const struct metric_family bus_families[];

struct bus_config {
        const char *url;        /* MALL_BUS_URL */
        const char *client;     /* "order": for logs and the broker */
        bool quiet;             /* Kafka only: logs nothing of its connections */
        int64_t retention_ms;   /* log only; 0: keep for ever */
        const char *properties; /* Kafka only: file of librdkafka's, see kafka_properties.h; NULL:
                                   none */
        const char *topic; /* bus_read_through: this one instead of the bus's own; NULL: its own */
        int partitions;    /* Kafka only: partitions of the bus's own topic, if it must be made; 0:
                              the broker's default */
        struct metrics *metrics; /* may be NULL; kafka_consumer_records_lag{topic,partition} */
        bus_wish *wanted; /* reading: a record that names its type and is not wanted is passed
                             over; NULL: all are wanted */
        void *wanted_arg;
};

/* Could it be a bus? Nothing is opened. */
bool bus_url_is_right(const char *url);
/* Checks the URL only: a broker that is away is no error, a file that cannot be opened is. */
struct bus *bus_open_publisher(const struct bus_config *config, struct error *error);
/* group: consumer group; reads the bus's own topic. */
struct bus *bus_open_reader(const struct bus_config *config, const char *group,
                            struct error *error);
/* Follows the bus's own topic for those who look on: no group, no position that is kept, so it
   holds up nobody and no deletion, and it may miss records. It begins with about the last `last`
   records of all partitions together, and skips ahead whenever it is farther behind than that.
   It does not make the topic, but waits for it; if the topic is made anew, it begins again. Only
   bus_poll, bus_passed_over, bus_wake and bus_close are for it. */
struct bus *bus_open_follower(const struct bus_config *config, int64_t last, struct error *error);
/* How many records a follower has skipped since it was opened, counted by their offsets. */
int64_t bus_passed_over(const struct bus *bus);
/* Is the bus on this machine, so that it answers at once or not at all? */
bool bus_is_local(const struct bus_config *config);
/* Calls config->wanted for some of the last records of the bus's own topic, in no certain order,
   without a group. Waits for the bus to answer until *stop is set (it looks each second), and then
   takes some seconds at most. */
void bus_look_back(const struct bus_config *config, const _Atomic bool *stop);

struct bus_through {
        /* The record lives until it returns. False: that was enough. */
        bool (*take)(void *arg, const struct record *record);
        /* its oldest records are gone; NULL: that does not matter */
        void (*dropped)(void *arg, int32_t partition);
        void *arg;
        const _Atomic bool *stop; /* set: the reading fails within a second or two; NULL: never */
};

/* Reads a topic without a group, from its beginning to what is its end when the reading begins.
   False: it could not be read to there. If the bus's own topic does not exist, that is an error;
   config->topic is then empty. */
bool bus_read_through(const struct bus_config *config, const struct bus_through *through,
                      struct error *error);
/* Tells the names of the topics that begin so, in no certain order, without the bus's own and
   without one of just that name. Asking makes none. False: it could not be asked. */
bool bus_list_topics(const struct bus_config *config, const char *prefix,
                     void (*take)(void *arg, const char *topic), void *arg, struct error *error);
/* Waits at most wait_ms for leaving the group, or for giving up what is under way; what does not
   end by then is left to a thread. */
void bus_close(struct bus **bus, int wait_ms);

/* How many parts the bus's own topic has; from then on the bus can tell lanes. 0: not now, call
   it again; the error says why. Makes the topic if it does not exist. Waits some milliseconds,
   and one second at most. */
int bus_parts(struct bus *bus, struct error *error);
/* The lane of a record with this topic (NULL: the bus's own) and key (NULL: none), once
   bus_parts() is known. It stays the same while bus_parts() does. */
int bus_lane(struct bus *bus, const char *topic, const char *key, size_t key_len);

/* Hands the records over: copies them, in order; each has a result sooner or later. False: none
   of them was taken (ERROR_UNAVAILABLE: try again). Other topics are made on first use. */
bool bus_send(struct bus *bus, const struct record *records, size_t count, struct error *error);
/* Results since the last call, at most so many; waits for the first until wait_ms are over or
   bus_wake is called. ERROR_UNAVAILABLE: the bus is away. */
size_t bus_results(struct bus *bus, struct bus_result *results, size_t most, int wait_ms,
                   struct error *error);
/* Stops waiting: all that is under way gets its result, BUS_RETURNED at worst. Takes a second at
   most. */
void bus_give_up(struct bus *bus);

/* Up to `most` records after the last poll; waits up to wait_ms for the first, then takes what
   is there at once. 0: none came (error->kind ERROR_NONE), or the bus is away
   (ERROR_UNAVAILABLE, poll again) or broken (ERROR_INTERNAL: a damaged file; poll again, but an
   operator must look at it). In all these cases wait_ms is over, so that polling again costs
   nothing. The records and their bytes live in the arena. */
size_t bus_poll(struct bus *bus, struct record *records, size_t most, int wait_ms,
                struct arena *arena, struct error *error);

/* All records polled so far are applied: the group need not see them again. May be written up to
   a second late, because the inbox recognises what comes twice; bus_close writes the last
   position. */
void bus_commit(struct bus *bus);

/* While applying fails for a passing reason: keeps the membership without reading on. */
void bus_idle(struct bus *bus, int wait_ms);

/* Letters, digits, '.', '_' and '-', as Kafka has it. */
bool bus_topic_is_valid(const char *topic);

/* Ends a wait of bus_poll, bus_results or bus_idle now, or the next one if none is under way. Any
   thread. */
void bus_wake(struct bus *bus);

/* The largest value a record may have, and value, key and headers together, bytes (a broker's
   default is a little over 1,000,000). A request whose event would be larger is refused with
   413. */
enum { BUS_VALUE_MAX = 900 * 1024, BUS_RECORD_MAX = 980 * 1000 };

#endif
