#include "event/bus.h"

#include "base/redact.h"
#include "event/bus_adapter.h"

#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        TOPIC_MAX = 249, /* Kafka's rule */
        HEADER_COST = 16,
};

static const struct bus_ops *const adapters[] = {&eventlog_bus_ops, &kafka_bus_ops};

/* Also the URL after its scheme; NULL: no adapter has this scheme. */
static const struct bus_ops *adapter_of(const char *url, const char **place)
{
        for (size_t i = 0; url && i < sizeof adapters / sizeof *adapters; i++) {
                size_t len = strlen(adapters[i]->scheme);

                *place = url + len;
                if (strncmp(url, adapters[i]->scheme, len) == 0)
                        return adapters[i];
        }
        return NULL;
}

/* NULL fills the error. */
static const struct bus_ops *adapter_for(const struct bus_config *config, const char **place,
                                         struct error *error)
{
        const struct bus_ops *ops = adapter_of(config->url, place);
        char shown[REDACTED];

        if (!ops)
                error_set(error, ERROR_BAD_INPUT,
                          "the bus is log:PATH or kafka://HOST:PORT/TOPIC, not '%s'",
                          redact(config->url ? config->url : "", shown));
        return ops;
}

static struct bus *with_wish(struct bus *bus, const struct bus_config *config)
{
        if (bus) {
                bus->wanted = config->wanted;
                bus->wanted_arg = config->wanted_arg;
        }
        return bus;
}

static struct bus *bus_open(const struct bus_config *config, const char *group, struct error *error)
{
        const char *place;
        const struct bus_ops *ops = adapter_for(config, &place, error);

        return ops ? with_wish(ops->open(config, place, group, error), config) : NULL;
}

bool bus_url_is_right(const char *url)
{
        const char *place;
        const struct bus_ops *ops = adapter_of(url, &place);

        return ops && ops->place_is_right(place);
}

struct bus *bus_open_publisher(const struct bus_config *config, struct error *error)
{
        return bus_open(config, NULL, error);
}

struct bus *bus_open_reader(const struct bus_config *config, const char *group, struct error *error)
{
        return bus_open(config, group, error);
}

struct bus *bus_open_follower(const struct bus_config *config, int64_t last, struct error *error)
{
        const char *place;
        const struct bus_ops *ops = adapter_for(config, &place, error);

        return ops ? with_wish(ops->follow(config, place, last, error), config) : NULL;
}

int64_t bus_passed_over(const struct bus *bus)
{
        return bus->passed_over;
}

bool bus_is_local(const struct bus_config *config)
{
        const char *place;

        return adapter_of(config->url, &place) == &eventlog_bus_ops;
}

void bus_look_back(const struct bus_config *config, const _Atomic bool *stop)
{
        const char *place;
        const struct bus_ops *ops = adapter_of(config->url, &place);

        if (ops && config->wanted)
                ops->look_back(config, place, stop);
}

bool bus_read_through(const struct bus_config *config, const struct bus_through *through,
                      struct error *error)
{
        const char *place;
        const struct bus_ops *ops = adapter_for(config, &place, error);

        error->kind = ops ? ERROR_NONE : error->kind;
        return ops && ops->read_through(config, place, through, error);
}

bool bus_list_topics(const struct bus_config *config, const char *prefix,
                     void (*take)(void *arg, const char *topic), void *arg, struct error *error)
{
        const char *place;
        const struct bus_ops *ops = adapter_for(config, &place, error);
        struct bus_topics topics = {prefix, take, arg};

        error->kind = ops ? ERROR_NONE : error->kind;
        return ops && ops->list_topics(config, place, &topics, error);
}

void bus_close(struct bus **bus, int wait_ms)
{
        struct bus *b = *bus;

        if (!b)
                return;
        *bus = NULL;
        b->ops->close(b, wait_ms);
}

bool bus_topic_is_valid(const char *topic)
{
        size_t len = strlen(topic);

        return len > 0 && len <= TOPIC_MAX && strcmp(topic, ".") != 0 && strcmp(topic, "..") != 0 &&
               strspn(topic, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
                       len;
}

const char *bus_record_fault(const struct record *r)
{
        size_t size = r->key_len + r->value_len;

        if (r->topic && !bus_topic_is_valid(r->topic))
                return "the topic's name is invalid";
        for (size_t i = 0; i < r->header_count; i++)
                size += strlen(r->headers[i].name) + r->headers[i].len + HEADER_COST;
        if (r->value_len > BUS_VALUE_MAX || size > BUS_RECORD_MAX)
                return "the record is too large";
        return NULL;
}

int bus_parts(struct bus *bus, struct error *error)
{
        error->kind = ERROR_NONE;
        return bus->ops->parts(bus, error);
}

int bus_lane(struct bus *bus, const char *topic, const char *key, size_t key_len)
{
        if (topic && strcmp(topic, bus->topic) != 0)
                return BUS_OWN_LANES +
                       (int)(hash_bytes(topic, strlen(topic)) % (BUS_LANES - BUS_OWN_LANES));
        return bus->ops->lane(bus, key, key_len);
}

void bus_tell(struct bus *bus, int64_t tag, enum publish_result result, const char *reason)
{
        if (!bus_has_told(bus))
                bus->told_first = bus->told_count = 0;
        bus->told =
                memory_reserve(bus->told, &bus->told_room, bus->told_count + 1, sizeof *bus->told);
        bus->told[bus->told_count++] = (struct bus_result){tag, result, reason};
}

void bus_free(struct bus *bus)
{
        free(bus->told);
        free(bus->topic);
}

/* Records that no bus would take are refused here, so that all adapters refuse the same ones. */
bool bus_send(struct bus *bus, const struct record *records, size_t count, struct error *error)
{
        error->kind = ERROR_NONE;
        if (!bus->ops->send(bus, records, count, error))
                return false;
        for (size_t i = 0; i < count; i++) {
                const char *fault = bus_record_fault(&records[i]);

                if (fault)
                        bus_tell(bus, records[i].tag, BUS_REFUSED, fault);
        }
        return true;
}

size_t bus_results(struct bus *bus, struct bus_result *results, size_t most, int wait_ms,
                   struct error *error)
{
        size_t count;

        error->kind = ERROR_NONE;
        if (!bus_has_told(bus) && bus->ops->wait)
                bus->ops->wait(bus, wait_ms, error);
        count = bus->told_count - bus->told_first < most ? bus->told_count - bus->told_first : most;
        if (count)
                memcpy(results, bus->told + bus->told_first, count * sizeof *results);
        bus->told_first += count;
        return count;
}

void bus_give_up(struct bus *bus)
{
        if (bus->ops->give_up)
                bus->ops->give_up(bus);
}

size_t bus_poll(struct bus *bus, struct record *records, size_t most, int wait_ms,
                struct arena *arena, struct error *error)
{
        size_t count;

        error->kind = ERROR_NONE;
        count = bus->ops->poll(bus, records, most, wait_ms, arena, error);
        bus->handed_out = bus->handed_out || count;
        return count;
}

void bus_commit(struct bus *bus)
{
        bus->handed_out = false;
        bus->ops->commit(bus);
}

void bus_idle(struct bus *bus, int wait_ms)
{
        bus->ops->idle(bus, wait_ms);
}

void bus_wake(struct bus *bus)
{
        atomic_store(&bus->woken, 1);
        bus->ops->wake(bus);
}

const struct metric_family bus_families[] = {
        [BUS_PARTITION_LAG] = {"kafka_consumer_records_lag",
                               "Records of the partition that this consumer has not applied yet",
                               METRIC_GAUGE,
                               {"topic", "partition"}},
        [BUS_GROUP_LAG] = {"mall_log_group_lag",
                           "Records of the embedded log that the group has not passed yet",
                           METRIC_GAUGE,
                           {"group"}},
        {NULL},
};

struct metric *bus_lag_series(struct metrics *metrics, const char *topic, int32_t partition)
{
        char number[16];

        if (!metrics)
                return NULL;
        snprintf(number, sizeof number, "%d", partition);
        return metrics_series(metrics, &bus_families[BUS_PARTITION_LAG],
                              (const char *const[]){topic, number});
}
