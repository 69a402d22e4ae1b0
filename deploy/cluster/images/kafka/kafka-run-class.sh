#!/bin/bash
# kafka-run-class.sh [-name NAME] CLASS ARGUMENT... - runs a class of Kafka's, with the settings that Kafka's own script knows.
set -eu
home=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
while [ $# -gt 0 ]; do
	case $1 in
	-name) shift 2 ;;
	-loggc | -daemon) shift ;;
	*) break ;;
	esac
done
# words on purpose: each of these is a list of options
# shellcheck disable=SC2086
exec java ${KAFKA_HEAP_OPTS:--Xmx256M} ${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseG1GC -XX:MaxGCPauseMillis=20 -Djava.awt.headless=true} \
	${KAFKA_GC_LOG_OPTS:-} ${KAFKA_JMX_OPTS:-} "-Dkafka.logs.dir=${LOG_DIR:-$home/logs}" ${KAFKA_LOG4J_OPTS:-} \
	-cp "$home/libs/*${CLASSPATH:+:$CLASSPATH}" ${KAFKA_OPTS:-} "$@"
