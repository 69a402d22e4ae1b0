/* bus_adapter - for bus.c and its adapters only: one table of functions for each kind of bus, and
   one for the followers of each, of which those need only close, poll and wake.

   An adapter's own struct holds a struct bus (CONTAINER_OF). */
#ifndef EVENT_BUS_ADAPTER_H
#define EVENT_BUS_ADAPTER_H

#include "base/container.h"
#include "data/event_form.h"
#include "event/bus.h"

#include <stdatomic.h>
#include <string.h>

/* Who wants to know which topics there are. */
struct bus_topics {
        const char *prefix;
        void (*take)(void *arg, const char *topic);
        void *arg;
};

/* group: NULL opens a publisher. place: the URL after its scheme. */
struct bus_ops {
        const char *scheme;
        bool (*place_is_right)(const char *place);
        struct bus *(*open)(const struct bus_config *config, const char *place, const char *group,
                            struct error *error);
        struct bus *(*follow)(const struct bus_config *config, const char *place, int64_t last,
                              struct error *error); /* its ops are other ones */
        void (*close)(struct bus *bus, int wait_ms);
        int (*parts)(struct bus *bus, struct error *error);
        int (*lane)(struct bus *bus, const char *key,
                    size_t key_len); /* of the bus's own topic; below BUS_OWN_LANES */
        bool (*send)(struct bus *bus, const struct record *records, size_t count,
                     struct error *error); /* records without a fault only */
        void (*wait)(struct bus *bus, int wait_ms,
                     struct error *error); /* for a result; NULL: results are there after send */
        void (*give_up)(struct bus *bus);  /* NULL: nothing is ever under way */
        size_t (*poll)(struct bus *bus, struct record *records, size_t most, int wait_ms,
                       struct arena *arena, struct error *error);
        void (*commit)(struct bus *bus);
        void (*idle)(struct bus *bus, int wait_ms);
        void (*wake)(struct bus *bus);
        void (*look_back)(const struct bus_config *config, const char *place,
                          const _Atomic bool *stop);
        bool (*read_through)(const struct bus_config *config, const char *place,
                             const struct bus_through *through, struct error *error);
        bool (*list_topics)(const struct bus_config *config, const char *place,
                            const struct bus_topics *topics, struct error *error);
};

/* Places in bus_families. */
enum { BUS_PARTITION_LAG, BUS_GROUP_LAG };

struct bus {
        const struct bus_ops *ops;
        char *topic;
        _Atomic uint32_t woken; /* 1: the next wait ends at once; a futex */
        bus_wish *wanted;
        void *wanted_arg;
        bool handed_out;     /* the reader has not committed all that it got */
        int64_t passed_over; /* by a follower */

        /* publishing: the results for bus_results(), from told_first on */
        struct bus_result *told;
        size_t told_first, told_count, told_room;
};

/* Notes a record's result. */
void bus_tell(struct bus *bus, int64_t tag, enum publish_result result, const char *reason);
void bus_free(struct bus *bus); /* the members that bus.c allocates */

static inline bool bus_has_told(const struct bus *bus)
{
        return bus->told_first < bus->told_count;
}

static inline const char *bus_topic_of(const struct bus *bus, const struct record *record)
{
        return record->topic ? record->topic : bus->topic;
}

/* Why no bus takes the record; NULL: it may be sent. */
const char *bus_record_fault(const struct record *record);

/* Of headers with the same name the first counts. */
static inline void bus_sign_take(struct bus_sign *sign, const char *name, size_t name_len,
                                 const char *value, size_t len)
{
        static const struct {
                const char *name;
                size_t len, place;
        } known[] = {
                {EVENT_TYPE_HEADER, sizeof EVENT_TYPE_HEADER - 1, offsetof(struct bus_sign, type)},
                {EVENT_SOURCE_HEADER, sizeof EVENT_SOURCE_HEADER - 1,
                 offsetof(struct bus_sign, source)},
                {EVENT_ID_HEADER, sizeof EVENT_ID_HEADER - 1, offsetof(struct bus_sign, id)}};

        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
                struct bus_word *word = (struct bus_word *)((char *)sign + known[i].place);

                if (known[i].len == name_len && !word->at &&
                    memcmp(known[i].name, name, name_len) == 0)
                        *word = (struct bus_word){value, len};
        }
}

static inline bool bus_wants(const struct bus *bus, const struct bus_sign *sign)
{
        return !bus->wanted || bus->wanted(bus->wanted_arg, sign) || !sign->type.at;
}

extern const struct bus_ops eventlog_bus_ops;
extern const struct bus_ops kafka_bus_ops;

/* eventlog_through.c */
void eventlog_bus_look_back(const struct bus_config *config, const char *place,
                            const _Atomic bool *stop);
bool eventlog_read_through(const struct bus_config *config, const char *place,
                           const struct bus_through *through, struct error *error);
bool eventlog_list_topics(const struct bus_config *config, const char *place,
                          const struct bus_topics *topics, struct error *error);

/* eventlog_follower.c, kafka_follower.c */
struct bus *eventlog_follow(const struct bus_config *config, const char *place, int64_t last,
                            struct error *error);
struct bus *kafka_follow(const struct bus_config *config, const char *place, int64_t last,
                         struct error *error);

/* When a wait begins or ends: was bus_wake called? Resets it. */
static inline bool bus_was_woken(struct bus *bus)
{
        return atomic_exchange(&bus->woken, 0) != 0;
}

/* kafka_consumer_records_lag, for both adapters; NULL without metrics */
struct metric *bus_lag_series(struct metrics *metrics, const char *topic, int32_t partition);

#endif
