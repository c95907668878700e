#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The module's tracepoints through the tools that people have, unmodified, trace-cmd
# and bpftrace, and through the kernel's own histograms, with the commands of
# Documentation/tracing.rst.  On one stock kernel: the tools are slow where a processor
# is emulated (perf takes minutes).  TAP.
set -uo pipefail

program=$(dirname "$0")/../../../build/lib/examples/without_library
ceiling=/sys/module/pinbuf/parameters/max_bytes
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
names=(trace_cmd_tells_latency_and_cause
	bpftrace_makes_a_histogram_of_latencies the_kernel_makes_one_by_itself)
tools=(trace-cmd bpftrace)
count=0 failed=0

# Some buffers, and one that the ceiling refuses
job() {
	local old i

	old=$(cat $ceiling)
	for i in 1 2 3; do
		"$program" >/dev/null
	done
	echo 1 >$ceiling
	"$program" >/dev/null 2>&1
	echo "$old" >$ceiling
	return 0
}

# result NAME FILE PATTERN...: every pattern has a line
result() {
	local name=$1 file=$2 pattern

	shift 2
	count=$((count + 1))
	for pattern; do
		grep -Eq "$pattern" "$file" && continue
		echo "# no line is like $pattern:"
		sed 's/^/# /' "$file" | head -40
		echo "not ok $count - $name"
		failed=1
		return
	done
	echo "ok $count - $name"
}

with_trace_cmd() {
	trace-cmd record -q -o "$work/trace.dat" -e pinbuf "$0" --job >"$work/record" 2>&1
	trace-cmd report -i "$work/trace.dat" >"$work/report" 2>>"$work/record"
	cat "$work/record" >>"$work/report"
	result "${names[0]}" "$work/report" 'pinbuf_alloc: .*err=0 cause=none ns=[1-9]' \
		'pinbuf_alloc: .*err=-122 cause=ceiling' 'pinbuf_map: .* ns=[1-9]' 'pinbuf_free:'
}

with_bpftrace() {
	bpftrace -e 'tracepoint:pinbuf:pinbuf_alloc /args->err == 0/ { @ns = hist(args->ns); }
		tracepoint:pinbuf:pinbuf_alloc /args->err/ { @failed[args->cause] = count(); }' \
		-c "/bin/bash $0 --job" >"$work/bpf" 2>&1
	result "${names[1]}" "$work/bpf" '^@ns:' '\|@+' '^@failed\[1\]: 1'
}

with_trigger() {
	local event=/sys/kernel/tracing/events/pinbuf/pinbuf_alloc

	echo 'hist:keys=ns.log2:sort=ns' >$event/trigger
	"$0" --job
	cat $event/hist >"$work/hist"
	echo '!hist:keys=ns.log2:sort=ns' >$event/trigger
	result "${names[2]}" "$work/hist" '\{ ns: ~ 2\^[0-9]+ *\} hitcount: +[1-9]' 'Hits: 4'
}

main() {
	local i

	if [ "${1:-}" = --job ]; then
		job
		return
	fi
	if [ "${PINBUF_KERNEL:-}" != 6.12 ] || ! command -v "${tools[@]}" >/dev/null; then
		echo "1..1"
		echo "ok 1 - tracers # SKIP needs ${tools[*]}, and Debian's 6.12"
		return
	fi
	echo "1..${#names[@]}"
	for i in with_trace_cmd with_bpftrace with_trigger; do
		$i
	done
	return "$failed"
}

main "$@"
