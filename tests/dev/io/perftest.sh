#!/bin/bash
# SPDX-License-Identifier: MIT
#
# perftest, unmodified, with its buffers in /dev/pinbuf: ib_write_bw and ib_read_bw
# between two processes over Soft-RoCE, both ends in memory of ours.  TAP.
set -uo pipefail

# shellcheck source=tests/dev/tap.sh
. "$(dirname "$0")/../tap.sh"

here=$(dirname "$0")
tracing=/sys/kernel/tracing
address=192.0.2.1
options=(-d pinbuf_rxe -x 1 --mmap=/dev/pinbuf -F -s 65536 -n 50)

# Waits until the server listens at its port, 18515
wait_for_server() {
	for _ in $(seq 100); do
		grep -q ':4853 00000000:0000 0A' /proc/net/tcp && return 0
		sleep 0.1
	done
	return 1
}

# Both ends have allocated, says the module's tracepoint.
both_allocated() {
	[ "$(grep -c "$1-.* pinbuf_alloc: " $tracing/trace)" = 2 ] && return 0
	echo "# not two allocations of $1:"
	sed 's/^/# /' $tracing/trace
	return 1
}

# job PROGRAM
job() {
	local program=$1 log server before status=0
	log=$(mktemp)
	before=$(live)
	: >$tracing/trace
	timeout 60 "$program" "${options[@]}" >>"$log" 2>&1 &
	server=$!
	wait_for_server || status=1
	timeout 60 "$program" "${options[@]}" "$address" >>"$log" 2>&1 || status=$?
	wait "$server" || status=$?
	[ "$(grep -Ec '^ *65536 +50 ' "$log")" = 2 ] || status=1
	both_allocated "$program" && wait_for_release "$before" || status=1
	if [ "$status" = 0 ]; then
		result ok "${program}_runs_over_dev_pinbuf"
	else
		sed 's/^/# /' "$log"
		result "not ok" "${program}_runs_over_dev_pinbuf"
	fi
	rm -f "$log"
}

why=""
if [ "${PINBUF_KERNEL:-}" = debug ]; then
	why="rdma_test does the same there, in a tenth of the time"
elif ! command -v ib_write_bw >/dev/null || ! "$here/soft_roce"; then
	why="needs perftest and Soft-RoCE"
fi
programs=(ib_write_bw ib_read_bw)
echo "1..${#programs[@]}"
if [ -n "$why" ]; then
	for program in "${programs[@]}"; do
		skip "${program}_runs_over_dev_pinbuf" "$why"
	done
	exit 0
fi
echo 1 >$tracing/events/pinbuf/pinbuf_alloc/enable
for program in "${programs[@]}"; do
	job "$program"
done
echo 0 >$tracing/events/pinbuf/pinbuf_alloc/enable
exit "$failed"
