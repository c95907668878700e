#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What udev makes of the packaged rule: the nodes are the group's, 0660, and tagged for
# whoever sits at the machine.  udevadm is asked; no daemon runs in the guest.  TAP.
set -uo pipefail

rule=$(dirname "$0")/../../../kmod/60-pinbuf.rules
count=0 failed=0

# check NODE: what a fresh node is given
check() {
	local said

	said=$(udevadm test --action=add "/sys/class/misc/$1" 2>&1)
	count=$((count + 1))
	if grep -q '60-pinbuf.rules.* GROUP' <<<"$said" && grep -q '60-pinbuf.rules.* MODE 0660' <<<"$said" &&
		grep -Eq 'TAGS=.*:uaccess:' <<<"$said"; then
		echo "ok $count - the rule gives $1 to its group, and to who sits there"
	else
		printf '# %s\n' "${said//$'\n'/$'\n# '}"
		echo "not ok $count - the rule gives $1 to its group, and to who sits there"
		failed=1
	fi
}

if ! command -v udevadm >/dev/null; then
	echo "1..1"
	echo "ok 1 - udev # SKIP needs udevadm"
	exit 0
fi
mkdir -p /run/udev/rules.d
cp "$rule" /run/udev/rules.d/
nodes=(pinbuf)
[ ! -e /sys/class/misc/pinbuf_heap ] || nodes+=(pinbuf_heap)
echo "1..${#nodes[@]}"
for node in "${nodes[@]}"; do
	check "$node"
done
exit "$failed"
