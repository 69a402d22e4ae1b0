#!/bin/bash
# restore - puts the schemas of a dump in the place of those in the database: all of them, or none where anything fails. `mallctl
# recover` comes after it (docs/backup.md). The Job of components/efs runs it, and so does tests/system/restore_test.py.
#
#   MALL_DB_URL, SERVICES, BACKUP_DIR  as for backup.sh; of SERVICES that are left out nothing changes
#   BACKUP                             the name of the dump; the newest one if it is empty
set -euo pipefail

: "${MALL_DB_URL:?}" "${SERVICES:?}" "${BACKUP_DIR:?}"

fail() {
	echo "restore: $*" >&2
	exit 1
}

newest() {
	find "$BACKUP_DIR" -maxdepth 1 -name 'mall-*.dump' -printf '%f\n' | sort | tail -n 1
}

ask() { # SQL
	psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --command="$1" "$MALL_DB_URL"
}

backup=${BACKUP:-$(newest)}
[ -n "$backup" ] || fail "there is no dump in $BACKUP_DIR"
cd "$BACKUP_DIR"
sha256sum --quiet --check "$backup.sha256" || fail "$backup is not what was written"

read -ra all <<<"$SERVICES"
names=$(printf "'%s'," "${all[@]}")
there=$(ask "SELECT string_agg(DISTINCT application_name, ' ') FROM pg_stat_activity WHERE datname = current_database() AND application_name IN (${names%,})")
[ -z "$there" ] || fail "still at work on the database: $there. Stop them first: kubectl scale deployment --replicas=0"

schemas=()
for service in $SERVICES; do
	schemas+=("--schema=$service")
done
{
	for service in $SERVICES; do
		echo "DROP SCHEMA IF EXISTS \"$service\" CASCADE; CREATE SCHEMA \"$service\";"
	done
	pg_restore --file=- --no-owner --no-privileges "${schemas[@]}" "$backup" || echo "SELECT 'the dump broke off' / 0;"
} | psql --no-psqlrc --quiet --output=/dev/null --set=ON_ERROR_STOP=1 --single-transaction "$MALL_DB_URL"
for service in $SERVICES; do
	[ "$(ask "SELECT count(*) FROM \"$service\".meta WHERE name = 'source'")" = 1 ] || fail "schema $service has no store"
done
echo "restore: $SERVICES are as they were in $backup"
