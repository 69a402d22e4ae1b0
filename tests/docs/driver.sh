# driver - one terminal of a reader: sources each file that is named on descriptor 3, and says its status on 4.
# A command that fails before the last one is told too: a reader would have stopped there.
trap : INT
shopt -s expand_aliases
while IFS= read -r driver_file <&3; do
	driver_failed=
	trap 'driver_status=$?; driver_failed=${driver_failed:-"$driver_status $BASH_COMMAND"}' ERR
	# shellcheck disable=SC1090 # a page's
	. "$driver_file" 3<&- 4>&-
	driver_status=$?
	trap - ERR
	printf '%s\t%s\n' "$driver_status" "${driver_failed//$'\n'/ }" >&4
done
