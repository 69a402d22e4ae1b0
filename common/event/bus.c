#include "event/bus.h"

#include "event/bus_adapter.h"

#include <stdio.h>
#include <string.h>

enum {
        TOPIC_MAX = 249,          /* Kafka's rule */
        RECORD_MAX = 980 * 1000, /* value, key and headers; a broker's default is a little over 1,000,000 */
        HEADER_COST = 16,
};

static const struct bus_ops *const adapters[] = {&bus_log_ops, &bus_kafka_ops};

static struct bus *bus_open(const struct bus_config *config, const char *group, struct error *error)
{
        const char *url = config->url ? config->url : "";

        for (size_t i = 0; i < sizeof adapters / sizeof *adapters; i++) {
                const struct bus_ops *ops = adapters[i];
                size_t len = strlen(ops->scheme);
                struct bus *bus;

                if (strncmp(url, ops->scheme, len) != 0)
                        continue;
                bus = ops->open(config, url + len, group, error);
                if (bus) {
                        bus->wanted = config->wanted;
                        bus->wanted_arg = config->wanted_arg;
                }
                return bus;
        }
        error_set(error, ERROR_BAD_INPUT, "the bus is log:PATH or kafka://HOST:PORT/TOPIC, not '%s'", url);
        return NULL;
}

struct bus *bus_open_publisher(const struct bus_config *config, struct error *error)
{
        return bus_open(config, NULL, error);
}

struct bus *bus_open_reader(const struct bus_config *config, const char *group, struct error *error)
{
        return bus_open(config, group, error);
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
               strspn(topic, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len;
}

static const char *record_fault(const struct record *r)
{
        size_t size = r->key_len + r->value_len;

        for (size_t i = 0; i < r->header_count; i++)
                size += strlen(r->headers[i].name) + r->headers[i].len + HEADER_COST;
        if (r->value_len > BUS_VALUE_MAX || size > RECORD_MAX)
                return "the record is too large";
        return NULL;
}

/* What no bus would take is refused here, so that all refuse the same. */
static void records_prepare(struct bus *bus, struct record *records, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                struct record *r = &records[i];
                bool own = !r->topic;

                if (own)
                        r->topic = bus->topic;
                r->reason = own || bus_topic_is_valid(r->topic) ? record_fault(r) : "the topic's name is invalid";
                r->result = r->reason ? BUS_REFUSED : BUS_WAITING;
        }
}

size_t bus_publish(struct bus *bus, struct record *records, size_t count, int wait_ms, struct error *error)
{
        size_t done = 0;

        error->kind = ERROR_NONE;
        records_prepare(bus, records, count);
        bus->ops->publish(bus, records, count, wait_ms, error);
        while (done < count && records[done].result != BUS_WAITING)
                done++;
        return done;
}

size_t bus_poll(struct bus *bus, struct record *records, size_t most, int wait_ms, struct arena *arena,
                struct error *error)
{
        size_t count;

        error->kind = ERROR_NONE;
        count = bus->ops->poll(bus, records, most, wait_ms, arena, error);
        bus->handed_out = bus->handed_out || count;
        return count;
}

bool bus_commit(struct bus *bus, struct error *error)
{
        bus->handed_out = false;
        return bus->ops->commit(bus, error);
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

struct metric *bus_lag_series(struct metrics *metrics, const char *topic, int32_t partition)
{
        static const struct metric_family lag = {
                .name = "kafka_consumer_records_lag",
                .help = "Records of the partition that this consumer has not applied yet",
                .kind = METRIC_GAUGE,
                .labels = {"topic", "partition"},
        };
        char number[16];

        if (!metrics)
                return NULL;
        snprintf(number, sizeof number, "%d", partition);
        return metrics_series(metrics, &lag, (const char *const[]){topic, number});
}
