// SPDX-License-Identifier: MIT
/* A process's core dump leaves the bytes of its buffers out. */
#include "common.h"
#include "proc.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define PATTERN_PATH "/proc/sys/kernel/core_pattern"

/* Spelled in two halves, so that neither program nor stack contains it. */
static void spell(char *out, const char *first, const char *second)
{
	memcpy(out, first, strlen(first));
	memcpy(out + strlen(first), second, strlen(second));
}

static char *anon, *ours, *theirs;

static int dies_with_a_core(void *argument)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	CHECK(!chdir(argument));
	CHECK(!setrlimit(RLIMIT_CORE, &unlimited));
	CHECK(!prctl(PR_SET_DUMPABLE, 1));
	for (size_t at = 0; at < MIB(2); at += 64) {
		spell(anon + at, "ANONY", "MOUS-BYTES");
		spell(ours + at, "NODE-", "MAPPED-BYTES");
		spell(theirs + at, "DESCR", "IPTOR-BYTES");
	}
	abort();
}

static bool file_contains(const char *path, const char *first,
			  const char *second)
{
	char wanted[64] = "";
	int fd = open(path, O_RDONLY);
	off_t size = lseek(fd, 0, SEEK_END);
	void *text;
	bool found;

	spell(wanted, first, second);
	assert_true(fd >= 0 && size > 0);
	text = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(text, MAP_FAILED);
	found = memmem(text, (size_t)size, wanted, strlen(wanted));
	munmap(text, (size_t)size);
	close(fd);
	return found;
}

static void core_dump_leaves_the_bytes_out(void **state)
{
	char folder[] = "/tmp/pinbuf-core-XXXXXX";
	char path[64], old[256];
	const char *text = file_text(PATTERN_PATH);
	int fd, status;

	(void)state;
	if (!text)
		skip_because("this kernel dumps no cores");
	snprintf(old, sizeof(old), "%s", text);
	assert_non_null(mkdtemp(folder));
	fd = buf_new(MIB(2));
	snprintf(path, sizeof(path), "%s/core", folder);
	anon = mmap(NULL, MIB(2), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ours = map_shared(dev, MIB(2));
	theirs = map_shared(fd, MIB(2));

	assert_ok(file_write("/proc/self/coredump_filter", "0xff"));
	assert_ok(file_write(PATTERN_PATH, "core"));
	file_write("/proc/sys/kernel/core_uses_pid", "0");
	status = child_wait(child_start(dies_with_a_core, folder));
	assert_ok(file_write(PATTERN_PATH, old));
	assert_true(WIFSIGNALED(status) && WCOREDUMP(status));

	assert_true(file_contains(path, "ANONY", "MOUS-BYTES"));
	assert_false(file_contains(path, "NODE-", "MAPPED-BYTES"));
	assert_false(file_contains(path, "DESCR", "IPTOR-BYTES"));
	unlink(path);
	rmdir(folder);
	munmap(anon, MIB(2));
	munmap(ours, MIB(2));
	munmap(theirs, MIB(2));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(core_dump_leaves_the_bytes_out),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
