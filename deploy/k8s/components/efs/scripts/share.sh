#!/bin/bash
# share - the lab's proof that several pods on several nodes share one file system: each writes who it is, and waits until it reads the
# others. The Job of components/efs runs it once on each of two nodes.
#
#   SHARED_DIR  the claim     PODS  how many there are     POD, NODE  who this is
set -euo pipefail

: "${SHARED_DIR:?}" "${PODS:?}" "${POD:?}" "${NODE:?}" "${RUN:?}"
here=$SHARED_DIR/proof/$RUN
mkdir -p "$here"
echo "$POD on $NODE wrote this at $(date -u +%T)" >"$here/.$POD"
mv "$here/.$POD" "$here/$POD"
for _ in $(seq 120); do
	[ "$(find -H "$here" -type f ! -name '.*' | wc -l)" -lt "$PODS" ] || break
	sleep 1
done
count=$(find -H "$here" -type f ! -name '.*' | wc -l)
[ "$count" -ge "$PODS" ] || { echo "share: only $count of $PODS have written" >&2 && exit 1; }
echo "share: $POD on $NODE reads:"
cat "$here"/*
nodes=$(cat "$here"/* | awk '{ print $3 }' | sort -u | wc -l)
echo "share: $count pods on $nodes nodes"
[ "$nodes" -ge 2 ] || { echo "share: all on one node: that proves nothing" >&2 && exit 1; }
