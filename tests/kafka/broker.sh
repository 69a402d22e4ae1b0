#!/usr/bin/env bash
# One Kafka broker (KRaft, a single node) for tests.
#
#   broker.sh fetch            copies Kafka and its dependencies into build/kafka/libs
#   broker.sh start DIR PORT   listens on 127.0.0.1:PORT, keeps all in DIR, returns when it answers; a DIR used before
#                              is used again with its contents
#   broker.sh stop DIR         ends it and waits for that
#
# DIR/extra.properties, if it is there before the start, is added to the settings; MORE_LISTENERS=SSL://127.0.0.1:PORT,... are listeners beside the
# plain one.
#
# Prints only errors. DIR/pid is the process, DIR/broker.log its log.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
libs=$here/../../build/kafka/libs
start_seconds=60
stop_seconds=20

fail() {
        echo "broker.sh: $*" >&2
        exit 1
}

# Into a directory beside it first, so that a broken download is not mistaken for a complete one.
fetch() {
        mkdir -p "$libs/.."
        exec 9>"$libs/../.lock"
        flock 9
        if [ -e "$libs/.complete" ]; then
                exec 9>&-
                return
        fi
        rm -rf "$libs.part" "$libs"
        mkdir -p "$libs.part"
        mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$(cd "$libs.part" && pwd)" >&2 ||
                fail "mvn could not fetch Kafka"
        touch "$libs.part/.complete"
        mv "$libs.part" "$libs"
        exec 9>&-
}

# below the ephemeral ports, so that no client's connection takes it before the broker does
free_port() {
        local port
        for _ in {1..50}; do
                port=$((20000 + RANDOM % 12000))
                if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
                        echo "$port"
                        return
                fi
        done
        fail "no free port"
}

write_settings() { # DIR PORT CONTROLLER_PORT
        cat >"$1/server.properties" <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$3
listeners=PLAINTEXT://127.0.0.1:$2,CONTROLLER://127.0.0.1:$3${MORE_LISTENERS:+,$MORE_LISTENERS}
advertised.listeners=PLAINTEXT://127.0.0.1:$2${MORE_LISTENERS:+,$MORE_LISTENERS}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL,PODS:PLAINTEXT
log.dirs=$1/data
num.partitions=1
default.replication.factor=1
auto.create.topics.enable=true
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.segment.bytes=67108864
# by size, not by age: the unit tests write records of long ago, which must not go while they are read
log.retention.hours=-1
log.retention.bytes=1073741824
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=2
EOF
        [ ! -e "$1/extra.properties" ] || cat "$1/extra.properties" >>"$1/server.properties"
        cat >"$1/log4j.properties" <<EOF
log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %c{1} %m%n
EOF
}

run_java() { # DIR HEAP CLASS ARGUMENT...
        local dir=$1 heap=$2
        shift 2
        exec setsid java "-Xmx$heap" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "-Dlog4j.configuration=file:$dir/log4j.properties" -cp "$libs/*" "$@"
}

format_storage() { # DIR
        local id
        id=A$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c 2-22)
        (run_java "$1" 128m kafka.tools.StorageTool format --ignore-formatted -t "$id" -c "$1/server.properties") \
                >"$1/format.log" 2>&1 || fail "cannot format $1/data: $(tail -n 3 "$1/format.log")"
}

# A Metadata request, version 4, for no topic; the answer is ready when it names one broker or more.
answers() { # PORT
        local reply
        reply=$(
                exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
                printf '\0\0\0\x13\0\x03\0\x04\0\0\0\x01\0\x04test\0\0\0\0\0' >&3
                timeout 2 head -c 16 <&3 | od -An -v -tx1 | tr -d ' \n'
        ) || return 1
        # length, correlation id, throttle time, number of brokers: four bytes each
        [ "${#reply}" = 32 ] && [ "${reply:24}" != 00000000 ]
}

wait_until_ready() { # DIR PORT PID
        local deadline=$((SECONDS + start_seconds))
        until answers "$2" 2>/dev/null; do
                kill -0 "$3" 2>/dev/null || fail "the broker ended: $(tail -n 5 "$1/broker.log")"
                if [ "$SECONDS" -ge "$deadline" ]; then
                        kill -9 "$3"
                        fail "no answer within $start_seconds s: $(tail -n 5 "$1/broker.log")"
                fi
                sleep 0.1
        done
}

start() { # DIR PORT
        local dir pid
        fetch
        mkdir -p "$1"
        dir=$(cd "$1" && pwd)
        write_settings "$dir" "$2" "$(free_port)"
        [ -e "$dir/data/meta.properties" ] || format_storage "$dir"
        # a session of its own: a Ctrl-C at the test must not end the broker before the test has
        (
                cd "$dir"
                run_java "$dir" 384m kafka.Kafka "$dir/server.properties"
        ) </dev/null >>"$dir/broker.log" 2>&1 &
        pid=$!
        echo "$pid" >"$dir/pid"
        wait_until_ready "$dir" "$2" "$pid"
        disown
}

stop() { # DIR
        local pid deadline=$((SECONDS + stop_seconds))
        [ -e "$1/pid" ] || return 0
        pid=$(cat "$1/pid")
        rm "$1/pid"
        kill "$pid" 2>/dev/null || return 0
        kill -CONT "$pid" 2>/dev/null || return 0
        while kill -0 "$pid" 2>/dev/null; do
                [ "$SECONDS" -lt "$deadline" ] || kill -9 "$pid" 2>/dev/null || return 0
                sleep 0.1
        done
}

case "${1-} $#" in
"fetch 1") fetch ;;
"start 3") start "$2" "$3" ;;
"stop 2") stop "$2" ;;
*) fail "usage: broker.sh fetch | start DIR PORT | stop DIR" ;;
esac
