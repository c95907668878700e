# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
#
# What the scripts in io/ share that print TAP; $failed is their exit status.
count=0
failed=0

# result ok|"not ok" NAME
result() {
	count=$((count + 1))
	[ "$1" = ok ] || failed=1
	echo "$1 $count - $2"
}

# skip NAME REASON
skip() {
	result ok "$1 # SKIP $2"
}

# Bytes in buffers
live() {
	awk 'NR > 1 { sum += $2 } END { print sum + 0 }' /sys/kernel/debug/pinbuf/buffers
}

# wait_for_release BYTES: what a driver held is given back a little after its process.
wait_for_release() {
	for _ in $(seq 30); do
		[ "$(live)" = "$1" ] && return 0
		sleep 0.1
	done
	echo "# $1 bytes were live before, $(live) are after it"
	return 1
}
