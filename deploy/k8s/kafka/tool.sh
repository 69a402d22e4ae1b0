#!/bin/sh
# tool.sh - Kafka's tools by the path and name that the course types, such as /usr/bin/kafka-console-consumer. The image has them elsewhere.
#
# What is set for the broker alone is taken away: its log would stand among what the tool prints, and its agents listen on ports.
unset EXTRA_ARGS JMX_PORT KAFKA_HEAP_OPTS KAFKA_JMX_OPTS KAFKA_LOG4J_OPTS KAFKA_OPTS
exec "/opt/kafka/bin/${0##*/}.sh" "$@"
