/* kafka_properties - a file of librdkafka's properties, one NAME=VALUE a line, that says how to
   reach a cluster: TLS and SASL. kcat -F reads the same file; blank lines and lines that begin with
   # are skipped.

   It may hold only security.protocol, ssl.*, sasl.*, enable.ssl.*, broker.address.* and
   client.rack: the bus's promises depend on the others (acks, enable.auto.commit, ...). Source:
   librdkafka's CONFIGURATION.md. */
#ifndef EVENT_KAFKA_PROPERTIES_H
#define EVENT_KAFKA_PROPERTIES_H

#include "base/error.h"

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

/* path NULL: sets nothing. An error names the file and the line, never a value: it may be a
   password. */
bool kafka_properties_set(rd_kafka_conf_t *conf, const char *path, struct error *error);

#endif
