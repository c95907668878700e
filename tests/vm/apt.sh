# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Debian's packages for the guest: of this machine's architecture or of another.
# They are downloaded and unpacked, never installed.  Sourced after common.sh.

# apt_for ARCHITECTURE: sets the options that apt takes.  Another architecture has
# lists of its own below the cache, so that this machine's apt hears nothing of it.
apt_for() {
	local state=$cache/apt-$1

	command -v apt-cache >/dev/null ||
		die "Debian's kernels come through apt, and this machine has none"
	# As root apt warns that its own user cannot write to these folders.
	apt=(-o APT::Sandbox::User=root)
	lists=/var/lib/apt/lists
	[ "$1" != "$(dpkg --print-architecture)" ] || return 0
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
	[ -e "$state/status" ] || : >"$state/status"
	lists=$state/lists
	apt+=(-o "APT::Architecture=$1" -o "APT::Architectures=$1" -o "Dir::State=$state"
		-o "Dir::State::status=$state/status" -o "Dir::Cache=$state/cache")
	[ -e "$state/updated" ] || refresh_lists
	: >"$state/updated"
}

refresh_lists() {
	if [ "$lists" = /var/lib/apt/lists ] && [ "$(id -u)" != 0 ]; then
		say "Debian's list of packages is missing or old: run 'sudo apt-get update', and this again"
		return 1
	fi
	step "apt-get update" -- apt-get "${apt[@]}" update -qq >&2
}

# depends PACKAGE PATTERN: the dependency of PACKAGE that matches PATTERN
depends() {
	apt-cache "${apt[@]}" depends "$1" 2>/dev/null |
		sed -n "s/^ *|\\?Depends: \\($2\\)\$/\\1/p" | head -1
}

# candidate PACKAGE: the version that apt would take
candidate() {
	apt-cache "${apt[@]}" policy "$1" | sed -n 's/^  Candidate: //p'
}

# Into this folder.  Lists older than the archive name packages that it no longer has.
apt_get_download() {
	apt-get "${apt[@]}" download -q "$@" >&2 && return
	refresh_lists
	apt-get "${apt[@]}" download -q "$@" >&2
}
