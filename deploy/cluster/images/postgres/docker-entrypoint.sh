#!/bin/bash
# As the image postgres:17 starts: an empty PGDATA becomes a database POSTGRES_DB of POSTGRES_USER, and then the server runs.
set -eu

case ${1:-} in
"" | -*) set -- postgres "$@" ;;
esac
if [ "$1" != postgres ]; then
	exec "$@"
fi
: "${PGDATA:?}"
POSTGRES_USER=${POSTGRES_USER:-postgres}
POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}

mkdir -p "$PGDATA"
chmod 700 "$PGDATA" 2>/dev/null || : # a volume may be another owner's
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	: "${POSTGRES_PASSWORD:?is to be set, or nobody could log in}"
	echo "$POSTGRES_PASSWORD" | initdb --username="$POSTGRES_USER" --pwfile=/dev/stdin --encoding=UTF8 \
		--auth-local=trust --auth-host=scram-sha-256
	echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
	echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
	if [ "$POSTGRES_DB" != postgres ]; then
		echo "CREATE DATABASE \"$POSTGRES_DB\"" | postgres --single -D "$PGDATA" postgres
	fi
fi
exec "$@"
