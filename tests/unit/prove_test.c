// SPDX-License-Identifier: MIT
/* The judge and the reporter of the main job: they must be able to say no. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "prove/prove.h"
#include "unit.h"

#define DIGITS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* What a run that went well has found. */
static struct prove good(void)
{
	struct prove p = {
		.facts = {
			.kernel = "6.12", .source_sha256 = DIGITS, .staged_sha256 = DIGITS,
			.after_sha256 = DIGITS, .staged_bytes = 64 << 20,
			.io_uring_registered = true, .device_dma_bytes = 131072,
			.pages = 16384, .moved_mlock = 16384, .nr_ways = 2, .nr_kinds = 3,
			.ways = {
				{ "compact_memory", 0, 5000, 0 },
				{ "move_pages", 0, 16384, EBUSY },
			},
			.kinds = {
				{ "pinbuf", "pinbuf", 0, 0, 0, 0, 16384, 32 },
				{ "mlock", "mlock()ed memory", 0, 0, 0, ANSWER_NO_FD, 16384, 16384 },
				{ "dma_heap", "dma-heap", 0, EFAULT, EFAULT, 0, 16384, 16384 },
			},
		},
	};

	return p;
}

/* The verdict, its words kept from the terminal. */
static int judge(const struct prove *p)
{
	int out = dup(1), err = dup(2), null = open("/dev/null", O_WRONLY), ret;

	fflush(stdout);
	dup2(null, 1);
	dup2(null, 2);
	ret = verdict(p);
	fflush(stdout);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	close(null);
	return ret;
}

static void good_run_is_proved(void **state)
{
	struct prove p = good();

	(void)state;
	assert_int_equal(judge(&p), 0);
	/* peers may be refused, or absent */
	p.facts.kinds[2].made = ENOENT;
	assert_int_equal(judge(&p), 0);
}

static void refused_registration_must_be_the_same_everywhere(void **state)
{
	struct prove p = good();

	(void)state;
	p.facts.io_uring_registered = false;
	p.facts.io_uring_answer = EOPNOTSUPP;
	assert_int_not_equal(judge(&p), 0);
	p.facts.kinds[0].io_uring = EOPNOTSUPP;
	assert_int_equal(judge(&p), 0);
}

static void each_fault_is_seen(void **state)
{
	struct prove p;

	(void)state;
	p = good();
	p.facts.staged_sha256[63] = '0';
	assert_int_not_equal(judge(&p), 0);
	p = good();
	p.facts.after_sha256[0] = 'f';
	assert_int_not_equal(judge(&p), 0);
	p = good();
	p.facts.device_dma_mismatches = 1;
	assert_int_not_equal(judge(&p), 0);
	p = good();
	p.facts.moved_pinbuf = 1;
	assert_int_not_equal(judge(&p), 0);
	p = good();
	p.facts.moved_mlock = 0;
	assert_int_not_equal(judge(&p), 0);
	p = good();
	p.facts.kinds[0].o_direct = EFAULT;
	assert_int_not_equal(judge(&p), 0);
	p = good();
	p.facts.kinds[0].device_dma = EIO;
	assert_int_not_equal(judge(&p), 0);
	p = good();
	p.facts.kinds[2].device_dma = ANSWER_WRONG_BYTES;
	assert_int_not_equal(judge(&p), 0);
}

static void report_holds_every_fact(void **state)
{
	static const char *const parts[] = {
		"\"kernel\": \"6.12\"", "\"source_sha256\": \"" DIGITS "\"",
		"\"staged_sha256\": \"" DIGITS "\"", "\"staged_bytes\": 67108864",
		"\"io_uring_registered\": true", "\"device_dma_bytes\": 131072",
		"\"device_dma_mismatches\": 0", "\"pages\": 16384", "\"moved_pinbuf\": 0",
		"\"moved_mlock\": 16384", "\"peers\": {",
		"\"dma_heap\": { \"made\": 0, \"o_direct\": 14, \"io_uring\": 14, \"device_dma\": 0,",
		"\"device_dma\": null", "\"answer\": 16", "\"stats\": {", "\"small_folios\": 7",
	};
	char path[] = "/tmp/pinbuf-report-XXXXXX", text[8192] = "";
	struct prove p = good();
	int fd = mkstemp(path);
	size_t i;

	(void)state;
	assert_true(fd >= 0);
	p.report_path = path;
	p.facts.stats.small_folios = 7;
	assert_int_equal(json_write(&p), 0);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strstr(text, parts[i]))
			fail_msg("no %s in:\n%s", parts[i], text);
	assert_null(strstr(text, ",\n}"));
	assert_null(strstr(text, ",\n  }"));
	close(fd);
	unlink(path);
}

static void report_that_cannot_be_written_is_a_failure(void **state)
{
	struct prove p = good();

	(void)state;
	p.report_path = "/dev/full";
	assert_int_not_equal(json_write(&p), 0);
	p.report_path = "/no/such/folder/report.json";
	assert_int_not_equal(json_write(&p), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_run_is_proved),
		cmocka_unit_test(refused_registration_must_be_the_same_everywhere),
		cmocka_unit_test(each_fault_is_seen),
		cmocka_unit_test(report_holds_every_fact),
		cmocka_unit_test(report_that_cannot_be_written_is_a_failure),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
