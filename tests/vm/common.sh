# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What every script of tests/vm shares: where things are, and how they speak.
# Sourced, never run.  Progress goes to stderr, so that a script's stdout is
# its answer alone.

# shellcheck disable=SC2034 # used by the scripts that source this
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# shellcheck disable=SC2034
cache=${XDG_CACHE_HOME:-$HOME/.cache}/pinbuf
export PATH="$PATH:/usr/sbin:/sbin"

# Nothing fails without a word.
set -E
trap 'printf "%s: line %s failed: %s\n" "${0##*/}" "$LINENO" "$BASH_COMMAND" >&2' ERR

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "${0##*/}: $*"
	exit 1
}

# step WORDS... -- COMMAND...: one line when it starts, one with its time.
# Not for use in a condition: there, bash's errexit sleeps inside COMMAND.
step() {
	local words=() start=$SECONDS

	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	shift
	say "${words[*]} ..."
	"$@"
	say "${words[*]}: done in $((SECONDS - start)) s"
}

# locked FILE COMMAND...: one run at a time does COMMAND; the others wait.
# The lock goes with the process, so that a killed run holds nothing.
locked() {
	local file=$1 fd

	shift
	mkdir -p "$(dirname "$file")"
	exec {fd}>"$file"
	if ! flock -n "$fd"; then
		say "waiting for another run that holds $file"
		flock "$fd"
	fi
	"$@" {fd}>&-
	exec {fd}>&-
}

known_kernel() {
	case $1 in
	6.1 | 6.12 | debug | arm64-6.1 | arm64-6.12 | arm64-6.12-16k) ;;
	*) die "there is no kernel \"$1\": say 6.12, 6.1, debug; or for arm64 6.12, 6.1 or 6.12-16k" ;;
	esac
}
