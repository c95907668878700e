#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The kernel's own test of dma-heaps, unmodified, on /dev/dma_heap/pinbuf.  It goes
# through all of /dev/dma_heap, so it gets a mount namespace where ours is the only
# one: under CONFIG_DMABUF_DEBUG the kernel's system heap oopses in it.  TAP.
#
# PINBUF_HEAP_TEST: the program, built from the kernel's
# tools/testing/selftests/dmabuf-heaps/dmabuf-heap.c (build/tests/dev/kernel/dmabuf-heap).
set -uo pipefail

program=${PINBUF_HEAP_TEST:-$(dirname "$0")/../../../build/tests/dev/kernel/dmabuf-heap}
node=/dev/dma_heap/pinbuf

if [ ! -x "$program" ]; then
	echo "1..1"
	echo "ok 1 - dmabuf_heaps # SKIP needs ${program##*/}, which needs the kernel's source"
	exit 0
fi

modprobe -q vgem # built in where there is no such module
# The results of its tests; all else, what it planned included, as comments.
alone() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount sh -c '
		mount -t tmpfs none /dev/dma_heap &&
		mknod "$1" c "$2" "$3" &&
		exec "$4"' sh "$node" $((0x$(stat -c %t "$node"))) $((0x$(stat -c %T "$node"))) "$program"
}

output=$(alone 2>&1)
status=$?
plan=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' <<<"$output")
results=$(grep -E '^(not )?ok [0-9]+ ' <<<"$output")
count=$(grep -c . <<<"$results")

echo "1..$((count + 1))"
sed 's/^TAP version.*\|^1\.\.[0-9]*$/# &/; s/^\(not ok\|ok\) \([0-9]* \)/\1 \2- /' <<<"$output"
if [ "$status" = 0 ] && [ "$plan" = 11 ] && [ "$count" = 11 ] && ! grep -q SKIP <<<"$results"; then
	echo "ok $((count + 1)) - all of its 11 tests have run and passed"
	exit 0
fi
echo "# status $status, $count results of ${plan:-none} planned"
echo "not ok $((count + 1)) - all of its 11 tests have run and passed"
exit 1
