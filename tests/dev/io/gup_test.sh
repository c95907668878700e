#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The kernel's own gup_test, unmodified, over /dev/pinbuf: get_user_pages in all its
# forms, short and long-term pins, for writing.  It needs CONFIG_GUP_TEST, which the
# debug kernel has.  TAP.
#
# PINBUF_GUP_TEST: the program, built from the kernel's
# tools/testing/selftests/mm/gup_test.c (build/tests/dev/kernel/gup_test).
set -uo pipefail

# shellcheck source=tests/dev/tap.sh
. "$(dirname "$0")/../tap.sh"

program=${PINBUF_GUP_TEST:-$(dirname "$0")/../../../build/tests/dev/kernel/gup_test}

# A letter a mode, and what it does
modes=(u:get_user_pages_fast U:get_user_pages a:pin_user_pages_fast
	b:pin_user_pages L:pin_user_pages_longterm c:dump_user_pages)
# Sizes in MiB and pages a call
shapes=("4 512" "1 17")

if [ ! -x "$program" ] || [ ! -e /sys/kernel/debug/gup_test ]; then
	echo "1..1"
	skip gup_test "needs a kernel with GUP_TEST, and ${program##*/}"
	exit 0
fi

echo "1..$((${#modes[@]} * ${#shapes[@]}))"
for mode in "${modes[@]}"; do
	for shape in "${shapes[@]}"; do
		read -r size pages <<<"$shape"
		name=gup_test_${mode#*:}_of_${size}_mib_by_$pages
		# its own verdict is a line: it exits with success in any case
		output=$("$program" "-${mode%%:*}" -w -S -f /dev/pinbuf -m "$size" -n "$pages" 2>&1)
		if grep -q '^ok 1 ' <<<"$output" &&
			! grep -Eq '^not ok|[Tt]runcated|SKIP' <<<"$output"; then
			result ok "$name"
		else
			printf '# %s\n' "$output"
			result "not ok" "$name"
		fi
	done
done
exit "$failed"
