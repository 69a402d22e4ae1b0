/* bus - the port to whatever carries events: publish in order, read as a group.

   Two adapters, one contract test (bus_test.c):
     log:PATH                             one durable SQLite file for all daemons of one machine
                                          (eventlog_bus.c)
     kafka://host:port[,host:port]/topic  a Kafka cluster (kafka_bus.c)

   Promises of both: what is reported BUS_PUBLISHED survives kill -9 and power loss; records of one
   key keep their order; a group reads each record at least once, starts at the earliest, and after
   a crash again from its last bus_commit at the latest.

   A bus is either a publisher or a reader; each belongs to one thread, but bus_wake may be called
   from any.

   Publishing is asynchronous, record by record: what was handed over (bus_send) waits in the bus
   until the bus knows what became of it (bus_results), for as long as that takes. It must not be
   handed over again meanwhile: the bus would carry it twice. */
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
        BUS_REFUSED,   /* never will be (too large, invalid topic) */
        BUS_CLOSED,    /* not on the bus: its topic is not there, or may not be written to; that may
                          change */
        BUS_RETURNED,  /* given up with its session; whether it is on the bus is not known */
};

struct bus_result {
        int64_t tag; /* the record's */
        enum publish_result result;
        const char *reason; /* static text; NULL where it is BUS_PUBLISHED */
};

/* Where records queue behind each other: those of one key share a lane, and so does all that may
   hold them up (a partition without a leader, a topic that is not there). Lanes from BUS_OWN_LANES
   on are of topics other than the bus's own. */
enum { BUS_LANES = 128, BUS_OWN_LANES = 120 };

struct bus;

/* A header's value before anything is copied: not NUL-terminated; at NULL: there is no such
   header. */
struct bus_word {
        const char *at;
        size_t len;
};

/* What a record says of itself in its headers ce_type, ce_source and ce_id. */
struct bus_sign {
        struct bus_word type, source, id;
};

/* Called for each record that a reader passes: has it use for the record? One without a type is
   handed out in any case. */
typedef bool bus_wish(void *arg, const struct bus_sign *sign);

struct bus_config {
        const char *url;        /* MALL_BUS_URL */
        const char *client;     /* "order": for logs and the broker */
        int64_t retention_ms;   /* log only; 0: keep for ever */
        const char *properties; /* Kafka only: file of librdkafka's, see kafka_properties.h; NULL:
                                   none */
        int partitions; /* Kafka only: of the bus's own topic, if it is not there and is made; 0:
                           the broker's default */
        struct metrics *metrics; /* may be NULL; kafka_consumer_records_lag{topic,partition} */
        bus_wish *wanted; /* reading: what names its type and is not wanted is passed over; NULL:
                             all is wanted */
        void *wanted_arg;
};

/* Checks the URL only: an absent broker is no error, a file that cannot be opened is. */
struct bus *bus_open_publisher(const struct bus_config *config, struct error *error);
/* group: consumer group; reads the bus's own topic. */
struct bus *bus_open_reader(const struct bus_config *config, const char *group,
                            struct error *error);
/* On this machine: it answers at once or not at all. */
bool bus_is_local(const struct bus_config *config);
/* Calls config->wanted for some of the last records of the bus's own topic, in no certain order.
   Uses the rights of the group but does not join it, and hands out nothing. Takes seconds at most
   once the bus answers, and waits for that until *stop (looked at each second). */
void bus_look_back(const struct bus_config *config, const char *group, const _Atomic bool *stop);
/* Waits at most wait_ms for leaving the group, or for what is under way to be given up; then leaves
   it behind. */
void bus_close(struct bus **bus, int wait_ms);

/* Whether it can tell lanes: how many parts its own topic has. 0: not now, call it again; the error
   says why. Makes the topic where it is not there. Waits some milliseconds, and one second at
   most. */
int bus_parts(struct bus *bus, struct error *error);
/* The lane of a record of this topic (NULL: the bus's own) and key (NULL: none), once bus_parts()
   is known. It stays the same for as long as bus_parts() does. */
int bus_lane(struct bus *bus, const char *topic, const char *key, size_t key_len);

/* Hands over: copies them, in order, and has a result for each sooner or later. False: none of them
   was taken (ERROR_UNAVAILABLE: try again). Other topics are made on first use. */
bool bus_send(struct bus *bus, const struct record *records, size_t count, struct error *error);
/* Results since the last call, at most so many; waits for the first of them until wait_ms are over
   or bus_wake. An error of the kind ERROR_UNAVAILABLE says that the bus is away. */
size_t bus_results(struct bus *bus, struct bus_result *results, size_t most, int wait_ms,
                   struct error *error);
/* Nothing is waited for any longer: what is under way has its result, BUS_RETURNED at worst. Takes
   a second at most. */
void bus_give_up(struct bus *bus);

/* Up to `most` records behind the last poll; waits up to wait_ms for the first, then takes what is
   there at once. 0: none came (error->kind ERROR_NONE) or the bus is away (ERROR_UNAVAILABLE, poll
   again) or broken (ERROR_INTERNAL: a damaged file; poll again, but somebody must look after it).
   Either way wait_ms is over then, so that polling again costs nothing. The records and their bytes
   live in the arena. */
size_t bus_poll(struct bus *bus, struct record *records, size_t most, int wait_ms,
                struct arena *arena, struct error *error);

/* All that was polled so far is applied: the group need not see it again. May be lazy (up to a
   second late, for the inbox recognises what comes twice); bus_close writes the last one. */
void bus_commit(struct bus *bus);

/* While applying fails for a passing reason: keeps the membership alive without reading on. */
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
