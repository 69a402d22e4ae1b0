# shellcheck shell=bash
# database - sourced by backup and restore: takes the password out of MALL_DB_URL and gives it to PostgreSQL's programs as PGPASSWORD, since
# everybody on the machine reads the arguments of a process. DB_URL is what remains. libpq would write a URL that it does not understand
# into the log, with the password in it: such a one is refused here, and not shown.

take_password() {
	local part='[^]@/?&=:[]*'
	local host="($part|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?"
	local pair='[A-Za-z_]+=[^&=@]*'
	local form="^(postgres(ql)?://)(([^:@/?]*)(:([^@/?]*))?@)?($host(,$host)*)?(/[^@?/]*)?(\?($pair(&$pair)*))?\$"
	local encoded='%([^0-9A-Fa-f]|.[^0-9A-Fa-f]|.?$)'
	local userinfo user secret="" rest asked pairs=() kept=""

	if [[ $MALL_DB_URL =~ $encoded ]] || ! [[ $MALL_DB_URL =~ $form ]]; then
		fail "MALL_DB_URL is not postgresql://USER:PASSWORD@HOST/DATABASE: what is special in a password is to be percent-encoded, @ as %40"
	fi
	userinfo=${BASH_REMATCH[3]-} user=${BASH_REMATCH[4]-} secret=${BASH_REMATCH[6]-}
	rest=${MALL_DB_URL#*://}
	rest=${rest#"$userinfo"}
	asked=${rest#*\?}
	[ "$asked" != "$rest" ] || asked=""
	IFS='&' read -ra pairs <<<"$asked"
	for pair in "${pairs[@]}"; do
		case $pair in
		password=*) secret=${pair#password=} ;;
		*) kept+="${kept:+&}$pair" ;;
		esac
	done
	# shellcheck disable=SC2034 # the caller has it
	DB_URL="postgresql://${user:+$user@}${rest%%\?*}${kept:+?$kept}"
	if [ -n "$secret" ]; then
		secret=${secret//\\/\\\\}
		printf -v PGPASSWORD '%b' "${secret//%/\\x}"
		export PGPASSWORD
	fi
	unset MALL_DB_URL # the programs need not have it
}
