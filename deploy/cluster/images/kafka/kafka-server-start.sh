#!/bin/bash
# kafka-server-start.sh SETTINGS... - the broker
set -eu
export KAFKA_HEAP_OPTS=${KAFKA_HEAP_OPTS:--Xmx1G -Xms1G}
# shellcheck disable=SC2086 # a list of options
exec "$(dirname "$0")/kafka-run-class.sh" ${EXTRA_ARGS:--name kafkaServer} kafka.Kafka "$@"
