# SPDX-License-Identifier: MIT
#
# Counts the tests of a log that holds TAP or KTAP, of any number of programs:
# "PASSED FAILED SKIPPED".  Failures go to stderr, a line each: where, what, and the
# first words that the test says of it.
#
# A result that stands for the indented ones above it (a KUnit suite, a case with
# parameters) is no test of its own.  A plan without its results is as many
# failures: a program that died, or lied.

function fail(words) {
	failed++
	tell()
	told = (program == "" ? "" : program ", ") "line " NR ": " words
}

# Reasons stand below their "not ok".
function tell() {
	if (told != "")
		print told > "/dev/stderr"
	told = ""
	reasons = 0
}

# Ends the plan of that depth, and those of what stands deeper
function close_plan(depth,    d) {
	for (d in plan) {
		if (d + 0 < depth)
			continue
		if (seen[d] != plan[d])
			fail(plan[d] " tests were planned in line " planned[d] ", " seen[d] " told their result")
		for (; seen[d] < plan[d] - 1; seen[d]++)
			failed++
		delete plan[d]
		delete seen[d]
	}
}

{
	sub(/\r$/, "")
	match($0, /^ */)
	depth = RLENGTH
	line = substr($0, depth + 1)
}

line ~ /^# program / {
	tell()
	program = substr(line, 11)
}

line ~ /^# / && line !~ / took [0-9]+ s$/ && told != "" && reasons < 2 {
	told = told "; " substr(line, 3, 100)
	reasons++
	next
}

told != "" {
	tell()
}

line ~ /^1\.\.[0-9]+/ {
	close_plan(depth)
	for (d in results)
		if (d + 0 >= depth)
			delete results[d]
	plan[depth] = substr(line, 4) + 0
	seen[depth] = 0
	planned[depth] = NR
	# "1..0 # SKIP why": the whole program
	if (plan[depth] == 0 && line ~ /# *SKIP/)
		skipped++
	next
}

line ~ /^Bail out!/ {
	fail(line)
}

line ~ /^(not )?ok( |$)/ {
	parent = 0
	for (d in results) {
		if (d + 0 > depth && results[d] > 0) {
			parent = 1
			bad_below += bad[d]
			delete results[d]
			delete bad[d]
		}
	}
	close_plan(depth + 1)
	seen[depth]++
	results[depth]++
	good = line ~ /^ok/
	if (!good)
		bad[depth]++
	if (parent && (good || bad_below > 0)) {
		bad_below = 0
		next
	}
	bad_below = 0
	if (!good)
		fail(line)
	else if (line ~ /# *[Ss][Kk][Ii][Pp]/)
		skipped++
	else
		passed++
}

END {
	close_plan(0)
	tell()
	print passed + 0, failed + 0, skipped + 0
}
