#!/bin/bash
# SPDX-License-Identifier: MIT
#
# pinbufctl's names: a buffer made, found, shown and given back from a shell.  TAP.
#
# PINBUFCTL: the program (build/lib/pinbufctl).
set -uo pipefail

program=${PINBUFCTL:-$(dirname "$0")/../../../build/lib/pinbufctl}
count=0 failed=0

# says NAME PATTERN STATUS COMMAND...: its status, and a line of what it prints
says() {
	local name=$1 pattern=$2 wanted=$3 output status verdict=ok

	shift 3
	output=$("$program" "$@" 2>&1)
	status=$?
	count=$((count + 1))
	if [ "$status" != "$wanted" ] || ! grep -Eq -- "$pattern" <<<"${output:-nothing}"; then
		echo "# status $status: $output"
		verdict="not ok"
		failed=1
	fi
	echo "$verdict $count - $name"
}

if [ ! -x "$program" ]; then
	echo "1..1"
	echo "ok 1 - pinbufctl # SKIP needs ${program##*/} (make lib)"
	exit 0
fi

echo "1..15"
says publish_makes_a_buffer '^nothing$' 0 publish ctl.test 3M --mode 660
says publish_refuses_a_name_that_is_taken "published another buffer as 'ctl.test'" 1 \
	publish ctl.test 4K
says names_lists_it '^0 +[0-9]+ +3 MiB +[0-9]+ +ctl\.test$' 0 names
says names_describes_it '^size +3 MiB$' 0 names ctl.test
says names_finds_it_by_its_owner '^owner +uid 0$' 0 names ctl.test --uid 0
says names_does_not_find_it_by_another "uid 1's there is no 'ctl.test'" 1 names ctl.test --uid 1
says unpublish_takes_it_away '^nothing$' 0 unpublish ctl.test
says unpublish_finds_it_once "there is no 'ctl.test'" 1 unpublish ctl.test
says publish_takes_a_dash '^nothing$' 0 publish - 4K
says names_lists_a_dash '^0 +[0-9]+ +4 KiB +[0-9]+ +-$' 0 names
says unpublish_takes_a_dash '^nothing$' 0 unpublish -
says names_lists_none '^uid +age_s +size +id +name$' 0 names
says publish_needs_a_size '^usage:' 2 publish ctl.test
says publish_knows_sizes "'3X' is no size" 2 publish ctl.test 3X
says publish_knows_modes 'the mode 0644 cannot be' 1 publish ctl.test 4K --mode 644
exit "$failed"
