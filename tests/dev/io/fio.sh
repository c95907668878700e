#!/bin/bash
# SPDX-License-Identifier: MIT
#
# fio, unmodified, with its buffers in /dev/pinbuf: random reads and writes of odd
# sizes to the raw disk, every block checked by checksum.  TAP.
set -uo pipefail

disk=/dev/nvme0n1
count=0 failed=0

result() {
	local word=$1 name=$2
	count=$((count + 1))
	[ "$word" = ok ] || failed=1
	echo "$word $count - $name"
}

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

live() {
	awk 'NR > 1 { sum += $2 } END { print sum + 0 }' /sys/kernel/debug/pinbuf/buffers
}

# job NAME ENGINE OPTION...
job() {
	local name=$1 engine=$2 log
	shift 2
	log=$(mktemp)
	if fio --name=pinbuf --iomem=mmapshared:/dev/pinbuf --rw=randrw --bsrange=4k-256k \
		--size=4m --io_size=4m --direct=1 --filename="$disk" --verify=crc32c \
		--randseed=4711 --ioengine="$engine" "$@" >"$log" 2>&1; then
		result ok "$name"
	else
		sed 's/^/# /' "$log"
		result "not ok" "$name"
	fi
	rm -f "$log"
}

names=(fio_psync_verifies fio_libaio_verifies fio_io_uring_verifies
	fio_io_uring_with_registered_buffers_verifies fio_leaves_no_byte_behind)
echo "1..${#names[@]}"

if ! command -v fio >/dev/null || [ ! -b "$disk" ]; then
	for name in "${names[@]}"; do
		skip "$name" "needs fio and the disk $disk (tests/vm/run --nvme 64M)"
	done
	exit 0
fi

before=$(live)
job "${names[0]}" psync
job "${names[1]}" libaio --iodepth=8
job "${names[2]}" io_uring --iodepth=8
case $(uname -r) in
6.1.*) skip "${names[3]}" "Linux 6.1 registers no file-backed memory" ;;
*) job "${names[3]}" io_uring --iodepth=8 --fixedbufs=1 ;;
esac
# a ring gives its pages back a little after its process
for _ in 1 2 3 4 5 6 7 8 9 10; do
	[ "$(live)" = "$before" ] && break
	sleep 0.3
done
if [ "$(live)" = "$before" ]; then
	result ok "${names[4]}"
else
	echo "# $before bytes before, $(live) after"
	result "not ok" "${names[4]}"
fi
exit "$failed"
