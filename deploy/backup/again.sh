#!/bin/bash
# again - has the groups of restored services begin at the topic's beginning: they recognise what they know, and apply what they lost.
# All their consumers must be stopped. The job of components/efs runs it in Kafka's image, and so does tests/system/restore_test.py.
#
#   MALL_BUS_URL  kafka://HOST:PORT/TOPIC     SERVICES  "order delivery product"
#
#   MALL_BUS_GROUP_PREFIX  as the services have it: user23- for the group user23-order
#
# A group that Kafka does not know is none of theirs: that is a failure, and nothing is made anew.
set -euo pipefail

: "${MALL_BUS_URL:?}" "${SERVICES:?}"
place=${MALL_BUS_URL#kafka://}
broker=${place%%/*}
topic=${place#*/}
prefix=${MALL_BUS_GROUP_PREFIX-}
kafka=${KAFKA_HOME:-/opt/kafka}

fail() {
	echo "again: $*" >&2
	exit 1
}

there=$("$kafka/bin/kafka-consumer-groups.sh" --bootstrap-server "$broker" --list) || fail "the groups are not known"
for service in $SERVICES; do
	grep -qxF -- "$prefix$service" <<<"$there" || fail "there is no group $prefix$service: is MALL_BUS_GROUP_PREFIX the services' own?"
done

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
	grep -q " $topic " <<<"$said" || fail "$group: $said"
	echo "again: $group begins at the beginning of $topic"
done
