#!/usr/bin/env bash
# One PostgreSQL server for tests and `make run PG=1`.
#
#   server.sh start DIR [PORT]   keeps all in DIR, returns when it answers; listens on the socket DIR/s and, when a port is
#                                given, on 127.0.0.1:PORT. A DIR used before is used again with its contents.
#   server.sh stop DIR [MODE]    ends it and waits for that: fast (default), or immediate, which is a crash
#
# Prints only errors. DIR/url holds its address, for MALL_DB_URL. DIR/server.log is its log.
set -euo pipefail

fail() {
        echo "server.sh: $*" >&2
        exit 1
}

programs() {
        local found
        found=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
        [ -n "$found" ] || found=$(dirname "$(command -v postgres)" 2>/dev/null) || fail "PostgreSQL's server is not installed"
        echo "$found"
}

# the server refuses to be root
as_server() {
        if [ "$(id -u)" = 0 ]; then
                setpriv --reuid postgres --regid postgres --clear-groups "$@"
        else
                "$@"
        fi
}

make_cluster() { # DIR
        as_server "$(programs)/initdb" -D "$1/data" -U mall -A trust -E UTF8 --locale C.UTF-8 --no-instructions \
                >"$1/initdb.log" 2>&1 || fail "cannot make $1/data: $(tail -n 3 "$1/initdb.log")"
        cat >>"$1/data/postgresql.conf" <<EOF
unix_socket_directories = '$1/s'
max_connections = 200
shared_buffers = 64MB
max_wal_size = 512MB
log_line_prefix = '%m [%p] %a '
log_checkpoints = off
EOF
}

start() { # DIR [PORT]
        local dir
        mkdir -p "$1/s"
        dir=$(cd "$1" && pwd)
        touch "$dir/server.log"
        [ "$(id -u)" != 0 ] || chown postgres: "$dir" "$dir/s" "$dir/server.log"
        as_server test -w "$dir/s" || fail "the user postgres, who runs it since root may not, cannot reach $dir; set MALL_DATA_DIR to a place where it can"
        [ -e "$dir/data/PG_VERSION" ] || make_cluster "$dir"
        # a session of its own: a Ctrl-C at the test must not end the server before the test has
        (cd "$dir" && as_server setsid "$(programs)/pg_ctl" -s -w -t 60 -D "$dir/data" -l "$dir/server.log" \
                -o "-p ${2:-5432} -c listen_addresses=${2:+127.0.0.1}" start) </dev/null >/dev/null ||
                fail "PostgreSQL did not start: $(tail -n 5 "$dir/server.log")"
        if [ -n "${2-}" ]; then
                echo "postgresql://mall@127.0.0.1:$2/postgres" >"$dir/url"
        else
                echo "postgresql://mall@/postgres?host=$dir/s" >"$dir/url"
        fi
}

halt() { # DIR MODE
        (cd "$1" && as_server "$(programs)/pg_ctl" -s -w -t 20 -D "$1/data" -m "$2" stop) >/dev/null 2>&1
}

stop() { # DIR [MODE]
        local dir
        [ -e "$1/data/postmaster.pid" ] || return 0
        dir=$(cd "$1" && pwd)
        halt "$dir" "${2:-fast}" || halt "$dir" immediate || true
}

case "${1-} $#" in
"start 2" | "start 3") start "$2" "${3-}" ;;
"stop 2" | "stop 3") stop "$2" "${3-fast}" ;;
*) fail "usage: server.sh start DIR [PORT] | stop DIR [MODE]" ;;
esac
