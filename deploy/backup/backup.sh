#!/bin/bash
# backup - dumps the schemas of the services, all of one moment, into a directory that outlives the database; then reads back what it
# wrote, and lets the oldest dumps go. The CronJob of components/efs runs it, and so does tests/system/restore_test.py.
#
#   MALL_DB_URL   the database            SERVICES  "order delivery product": a schema each
#   BACKUP_DIR    where the dumps go      KEEP      so many stay (14)
#
# A dump is there under its name only when it is whole: mall-20261130T021500Z.dump, and its SHA-256 beside it. Of two backups at once the
# second one fails: the lock is a file, which works on EFS too.
set -euo pipefail

: "${MALL_DB_URL:?}" "${SERVICES:?}" "${BACKUP_DIR:?}"
# shellcheck source=/dev/null
source "$(dirname "$0")/database.sh"
keep=${KEEP:-14}
name=mall-$(date -u +%Y%m%dT%H%M%SZ).dump
part=$BACKUP_DIR/.$name.part

fail() {
	echo "backup: $*" >&2
	exit 1
}

# The one table that every service has.
check() { # FILE
	local service said
	said=$(pg_restore --list "$1") || fail "$1 is no dump"
	for service in $SERVICES; do
		grep -q "TABLE DATA $service meta " <<<"$said" || fail "schema $service is not in the database: nothing was kept"
	done
	pg_restore --file=/dev/null "$1" || fail "$1 cannot be read back"
}

[[ $keep =~ ^[1-9][0-9]{0,5}$ ]] || fail "KEEP=$keep: so many dumps stay, 1 or more"
take_password
mkdir -p "$BACKUP_DIR"
exec 9>"$BACKUP_DIR/.lock"
flock --nonblock 9 || fail "another backup is at work in $BACKUP_DIR"
# what a backup left that was killed
rm -f "$BACKUP_DIR"/.mall-*.part
for sum in "$BACKUP_DIR"/mall-*.dump.sha256; do
	[ -e "${sum%.sha256}" ] || rm -f "$sum"
done
trap 'rm -f "$part"' EXIT
schemas=()
for service in $SERVICES; do
	schemas+=("--schema=$service")
done
# one snapshot for all schemas; a table that is locked for long is a failure, and not a job that hangs
pg_dump --format=custom --no-owner --no-privileges --lock-wait-timeout=60s "${schemas[@]}" --file="$part" "$DB_URL"
check "$part"
sync "$part"
(cd "$BACKUP_DIR" && sha256sum ".$name.part" | sed "s/\.$name\.part/$name/" >"$name.sha256")
sync "$BACKUP_DIR/$name.sha256"
mv "$part" "$BACKUP_DIR/$name"

# the newest stay; their names sort by time
find -H "$BACKUP_DIR" -maxdepth 1 -name 'mall-*.dump' | sort -r | tail -n "+$((keep + 1))" | while read -r old; do
	rm -f "$old" "$old.sha256"
	echo "backup: $old is gone: the newest $keep stay"
done
size=$(stat -c %s "$BACKUP_DIR/$name")
echo "backup: $BACKUP_DIR/$name, $size bytes"
