#!/bin/bash
# restore - puts the schemas of a dump in the place of those in the database: all of them, or none where anything fails. `mallctl
# recover` comes after it (docs/backup.md). The Job of components/efs runs it, and so does tests/system/restore_test.py.
#
#   MALL_DB_URL, SERVICES, BACKUP_DIR  as for backup.sh; of SERVICES that are left out nothing changes
#   BACKUP                             the name of the dump; the newest one if it is empty
set -euo pipefail

: "${MALL_DB_URL:?}" "${SERVICES:?}" "${BACKUP_DIR:?}"

# shellcheck source=/dev/null
source "$(dirname "$0")/database.sh"

fail() {
	echo "restore: $*" >&2
	exit 1
}

newest() {
	find -H "$BACKUP_DIR" -maxdepth 1 -name 'mall-*.dump' -printf '%f\n' | sort | tail -n 1
}

ask() { # SQL
	psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --command="$1" "$DB_URL"
}

take_password
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
# COMMIT is said only after pg_restore has said all. Where it breaks off, even within a table's rows, psql's input just ends, and what is
# not committed is gone with the session.
said=$({
	echo "BEGIN; SET LOCAL client_min_messages = warning;"
	for service in $SERVICES; do
		echo "DROP SCHEMA IF EXISTS \"$service\" CASCADE; CREATE SCHEMA \"$service\";"
	done
	pg_restore --file=- --no-owner --no-privileges "${schemas[@]}" "$backup" || fail "$backup broke off: nothing has changed"
	for service in $SERVICES; do
		echo "DO \$\$ BEGIN IF (SELECT count(*) FROM \"$service\".meta WHERE name = 'source') <> 1 THEN"
		echo "RAISE 'schema $service of the dump has no store: nothing has changed'; END IF; END \$\$;"
	done
	echo "COMMIT; SELECT 'committed';"
} | psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$DB_URL")
[ "${said##*$'\n'}" = committed ] || fail "$backup ended within a table: nothing has changed"
echo "restore: $SERVICES are as they were in $backup"
