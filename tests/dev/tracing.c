// SPDX-License-Identifier: MIT
#include "tracing.h"
#include "proc.h"

#define ROOT "/sys/kernel/tracing/"

static pid_t enabler;

static void events_disable(void)
{
	if (getpid() != enabler)
		return;
	file_write(ROOT "events/pinbuf/enable", "0");
	file_write(ROOT "tracing_on", "1");
}

/*
 * Once, till the program ends: the kernel patches its text for each tracepoint, and an
 * emulator of several CPUs (QEMU before 8.1) may then run what stood there in between.
 */
static void events_enable(void)
{
	if (enabler)
		return;
	assert_ok(file_write(ROOT "events/pinbuf/enable", "1"));
	enabler = getpid();
	assert_int_equal(atexit(events_disable), 0);
}

void tracing_start(void)
{
	int trace;

	if (access(ROOT "events", F_OK))
		skip_because("this kernel has no event tracing");
	events_enable();
	/* opened to be overwritten, it is emptied */
	trace = open(ROOT "trace", O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(trace >= 0);
	close(trace);
	assert_ok(file_write(ROOT "tracing_on", "1"));
}

const char *tracing_stop(void)
{
	const char *text;

	assert_ok(file_write(ROOT "tracing_on", "0"));
	text = file_text(ROOT "trace");
	assert_non_null(text);
	return text;
}

const char *tracing_line(const char *trace, const char *event,
			 const char *what)
{
	static char line[512];
	size_t len = strlen(event);

	for (const char *at = trace; (at = strstr(at, event)); at += len) {
		const char *end = strchr(at, '\n');

		/* " pinbuf_map: ..." */
		if (at[-1] != ' ' || at[len] != ':' || !end)
			continue;
		snprintf(line, sizeof(line), "%.*s", (int)(end - at), at);
		if (strstr(line, what))
			return line;
	}
	return NULL;
}
