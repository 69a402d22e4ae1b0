#!/bin/bash
# again - has the groups of restored services begin at the topic's beginning: they recognise what they know, and apply what they lost.
# All their consumers must be stopped. The job of components/efs runs it in Kafka's image, and so does tests/system/restore_test.py.
#
#   MALL_BUS_URL  kafka://HOST:PORT/TOPIC     SERVICES  "order delivery product"
#
# The groups are called as the services, after what stands before `mall` in the topic: user23-order.
set -euo pipefail

: "${MALL_BUS_URL:?}" "${SERVICES:?}"
place=${MALL_BUS_URL#kafka://}
broker=${place%%/*}
topic=${place#*/}
prefix=${topic%mall}
kafka=${KAFKA_HOME:-/opt/kafka}

# A consumer that was killed is a member until its session ends, which is 10 s.
for service in $SERVICES; do
	group=$prefix$service
	for try in {1..12}; do
		said=$("$kafka/bin/kafka-consumer-groups.sh" --bootstrap-server "$broker" --group "$group" --topic "$topic" \
			--reset-offsets --to-earliest --execute 2>&1) && ! grep -qi '^error' <<<"$said" && break
		echo "again: $group, try $try: $(tail -n 1 <<<"$said")" >&2
		[ "$try" -lt 12 ] || exit 1
		sleep 5
	done
	grep -q " $topic " <<<"$said" || { echo "again: $group: $said" >&2 && exit 1; }
	echo "again: $group begins at the beginning of $topic"
done
