#!/bin/bash
# Starts the lab's Kafka with the agent that shows its metrics. The agent comes from Maven Central once, is kept beside the log, and is
# used only with the SHA-256 below. Kafka starts in any case: where the agent cannot be had, it says so, and there are no metrics.
set -euo pipefail

agent=jmx_prometheus_javaagent-1.0.1.jar
sha256=7d61f737fd661610ccc14aea79764faa1ea94a340cbc8f0029b3d2edea3d80c1
central=${AGENT_FROM:-https://repo1.maven.org/maven2}/io/prometheus/jmx/jmx_prometheus_javaagent/1.0.1/$agent
kept=${AGENT_DIR:-/var/lib/kafka/data/agent}
kafka=${KAFKA_HOME:-/opt/kafka}
config=${CONFIG_DIR:-/config}

is_right() {
	[ "$(sha256sum "$1" 2>/dev/null | cut -d ' ' -f 1)" = "$sha256" ]
}

fetch() {
	if command -v curl >/dev/null; then
		timeout 60 curl -fsSL -o "$1" "$central"
	else
		timeout 60 wget -q -T 20 -O "$1" "$central"
	fi
}

mkdir -p "$kept"
if ! is_right "$kept/$agent"; then
	rm -f "$kept"/*.part
	if ! fetch "$kept/$agent.part"; then
		echo "kafka-metrics: the agent could not be fetched from $central: Kafka starts without it"
	elif ! is_right "$kept/$agent.part"; then
		echo "kafka-metrics: what came from $central is not the agent of SHA-256 $sha256: Kafka starts without it"
	else
		mv "$kept/$agent.part" "$kept/$agent"
	fi
	rm -f "$kept/$agent.part"
fi

"$kafka/bin/kafka-storage.sh" format --ignore-formatted --cluster-id "$CLUSTER_ID" --config "$config/server.properties"
# after the format: its program would take the agent's port too
if is_right "$kept/$agent"; then
	export KAFKA_OPTS="${KAFKA_OPTS:-} -javaagent:$kept/$agent=${METRICS_PORT:-9404}:$config/metrics/agent.yml"
fi
exec "$kafka/bin/kafka-server-start.sh" "$config/server.properties"
