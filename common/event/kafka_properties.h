/* kafka_properties - a file of librdkafka's properties, NAME=VALUE a line, that says how a cluster
   is reached: TLS and SASL.

   kcat -F reads the same file; blank lines and those that begin with # are skipped. Only
   security.protocol, ssl.*, sasl.*, enable.ssl.*, broker.address.* and client.rack may be in it: on
   the others (acks, enable.auto.commit, ...) the bus's promises rest. Source: librdkafka's
   CONFIGURATION.md. */
#ifndef EVENT_KAFKA_PROPERTIES_H
#define EVENT_KAFKA_PROPERTIES_H

#include "base/error.h"

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

/* path NULL: nothing is to be set. An error names the file and the line, never a value: it may be a
   password. */
bool kafka_properties_set(rd_kafka_conf_t *conf, const char *path, struct error *error);

#endif
