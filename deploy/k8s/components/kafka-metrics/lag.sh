#!/bin/bash
# The lag of every consumer group, as the broker sees it from outside, once in 30 s: what Kafka's own tool prints, as metrics with the
# names of Strimzi's exporter. A consumer that is dead cannot tell its lag; this does. The web server is Java's own.
set -euo pipefail

kafka=${KAFKA_HOME:-/opt/kafka}
broker=${BROKER:-my-kafka.kafka.svc.cluster.local:9092}
shown=${SHOWN:-/tmp/shown}

# GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID; "-" is none. A group that has no position in a
# partition yet, where the tool says no lag, has all of it before it. kafka-console-consumer makes a group of its own for each
# look (console-consumer-123): it never has a position, and nobody waits for it.
as_metrics() {
	awk '
		$1 !~ /^console-consumer-/ && $3 ~ /^[0-9]+$/ && $5 ~ /^[0-9]+$/ {
			behind = $6 == "-" ? $5 : $6
			lag[++n] = sprintf("kafka_consumergroup_lag{consumergroup=\"%s\",topic=\"%s\",partition=\"%s\"} %s", $1, $2, $3, behind)
			if (!($1 in members)) members[$1] = 0
			if ($7 != "-" && $7 != "" && !(($1, $7) in seen)) { seen[$1, $7] = 1; members[$1]++ }
		}
		END {
			print "# TYPE kafka_consumergroup_lag gauge"
			for (i = 1; i <= n; i++) print lag[i]
			print "# TYPE kafka_consumergroup_members gauge"
			for (g in members) printf "kafka_consumergroup_members{consumergroup=\"%s\"} %d\n", g, members[g]
		}'
}

# If Kafka does not answer there is nothing to show, rather than what was so before. The tool ends with 0 then too, but says Error.
look() {
	if timeout 60 "$kafka/bin/kafka-consumer-groups.sh" --bootstrap-server "$broker" --describe --all-groups >"$shown/.said" 2>"$shown/.error" &&
		! grep -q '^Error' "$shown/.said"; then
		as_metrics <"$shown/.said" >"$shown/.new"
		mv "$shown/.new" "$shown/metrics.txt"
	else
		echo "kafka-lag: $(cat "$shown/.said" "$shown/.error" | grep -m 1 Error || echo "no answer within 60 s")"
		rm -f "$shown/metrics.txt"
	fi
}

mkdir -p "$shown"
if [ "${1-}" = once ]; then
	look
	exit
fi
java -Xmx32m -XX:+UseSerialGC -m jdk.httpserver -b 0.0.0.0 -p 9308 -d "$shown" -o none &
web=$!
trap 'kill $web; exit 0' TERM
while kill -0 $web; do
	look
	sleep 30 &
	wait $!
done
exit 1
