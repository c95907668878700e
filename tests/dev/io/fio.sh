#!/bin/bash
# SPDX-License-Identifier: MIT
#
# fio, unmodified, with its buffers in /dev/pinbuf: random reads and writes of odd
# sizes to the raw disk, every block checked by checksum.  TAP.
set -uo pipefail

# shellcheck source=tests/dev/tap.sh
. "$(dirname "$0")/../tap.sh"

disk=/dev/nvme0n1

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
if wait_for_release "$before"; then
	result ok "${names[4]}"
else
	result "not ok" "${names[4]}"
fi
exit "$failed"
