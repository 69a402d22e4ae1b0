/* bus_kafka - the bus on a Kafka cluster. To come. */
#include "event/bus_adapter.h"

static struct bus *kafka_bus_open(const struct bus_config *config, const char *place, const char *group,
                                  struct error *error)
{
        (void)config, (void)place, (void)group;
        error_set(error, ERROR_INTERNAL, "kafka:// is not built yet");
        return NULL;
}

const struct bus_ops bus_kafka_ops = {
        .scheme = "kafka://",
        .open = kafka_bus_open,
};
