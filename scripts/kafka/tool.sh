#!/bin/sh
# tool.sh - Kafka's command line tools on this machine, by the names that Kafka and the course have for them.
#
#   PATH=$PWD/scripts/kafka:$PATH
#   kafka-console-consumer.sh --bootstrap-server localhost:9092 --topic mall --from-beginning
#   tool.sh fetch               only copies them from Maven Central into build/kafka/tools; the first use does that too
#
# They come without the distribution of Kafka, which `make run KAFKA=1` does not need either.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
libs=$here/../../build/kafka/tools

case ${0##*/} in
kafka-console-consumer.sh) class=org.apache.kafka.tools.consumer.ConsoleConsumer ;;
kafka-console-producer.sh) class=org.apache.kafka.tools.ConsoleProducer ;;
kafka-consumer-groups.sh) class=org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
kafka-topics.sh) class=org.apache.kafka.tools.TopicCommand ;;
*) class= ;;
esac
if [ -z "$class" ] && [ "$*" != fetch ]; then
	echo "usage: tool.sh fetch; the tools are beside it: $(cd "$here" && echo kafka-*)" >&2
	exit 2
fi

for command in java mvn; do
	command -v $command >/dev/null || { echo "${0##*/}: there is no $command; \`make deps-kafka\` installs it" >&2; exit 1; }
done
if [ ! -e "$libs/.complete" ]; then
	mkdir -p "$libs"
	exec 9>"$libs/../.tools-lock"
	flock 9
fi
if [ ! -e "$libs/.complete" ]; then
	mvn -q -B -f "$here/../../tests/kafka/tools.xml" dependency:copy-dependencies "-DoutputDirectory=$(cd "$libs" && pwd)" >&2
	touch "$libs/.complete"
fi
exec 9>&-                                                       # a consumer may run for ever
[ -n "$class" ] || exit 0
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "-Dlog4j.configuration=file:$here/log4j.properties" -cp "$libs/*" "$class" "$@"
