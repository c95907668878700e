// SPDX-License-Identifier: MIT
#include "proc.h"

#include <sys/resource.h>
#include <sys/syscall.h>

uint64_t frame_of(const void *p)
{
	uint64_t frame;

	frames_read(p, 1, &frame);
	return frame;
}

void frames_read(const void *p, size_t pages, uint64_t *frames)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t at = (off_t)((uintptr_t)p / PAGE * sizeof(*frames));
	size_t left = pages * sizeof(*frames);
	char *out = (char *)frames;

	assert_int_not_equal(fd, -1);
	while (left) {
		ssize_t got = pread(fd, out, left, at);

		assert_true(got > 0);
		out += got;
		at += got;
		left -= (size_t)got;
	}
	close(fd);
	for (size_t i = 0; i < pages; i++)
		frames[i] = frames[i] >> 63 ? frames[i] & ((1ULL << 55) - 1) : 0;
}

size_t frames_moved(const uint64_t *before, const uint64_t *after, size_t pages)
{
	size_t moved = 0;

	for (size_t i = 0; i < pages; i++)
		moved += before[i] != after[i];
	return moved;
}

/* True for the first line of a mapping that overlaps the range. */
static int smaps_overlaps(const char *line, uintptr_t start, uintptr_t end)
{
	unsigned long first, last;

	if (sscanf(line, "%lx-%lx ", &first, &last) != 2)
		return -1;
	return first < end && last > start;
}

size_t smaps_bytes(const void *p, size_t len, const char *field)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	uintptr_t start = (uintptr_t)p;
	size_t name = strlen(field);
	int inside = 0;
	size_t sum = 0;
	char line[512];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		int overlaps = smaps_overlaps(line, start, start + len);

		if (overlaps >= 0)
			inside = overlaps;
		else if (inside && !strncmp(line, field, name) &&
			 line[name] == ':')
			sum += strtoul(line + name + 1, NULL, 10) * 1024;
	}
	fclose(file);
	return sum;
}

bool smaps_flag(const void *p, const char *flag)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	uintptr_t start = (uintptr_t)p;
	bool found = false;
	int inside = 0;
	char line[512];
	char wanted[8];

	assert_non_null(file);
	snprintf(wanted, sizeof(wanted), " %s", flag);
	while (fgets(line, sizeof(line), file)) {
		int overlaps = smaps_overlaps(line, start, start + 1);

		if (overlaps >= 0)
			inside = overlaps;
		else if (inside && !strncmp(line, "VmFlags:", 8))
			found = strstr(line, wanted) != NULL;
	}
	fclose(file);
	return found;
}

long minor_faults(void)
{
	struct rusage usage;

	assert_ok(getrusage(RUSAGE_THREAD, &usage));
	return usage.ru_minflt;
}

const char *file_text(const char *path)
{
	static char text[1 << 16];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got;

	if (fd < 0)
		return NULL;
	while ((got = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)got;
	close(fd);
	text[len] = 0;
	return got < 0 ? NULL : text;
}

long long file_number(const char *path, const char *key)
{
	const char *text = file_text(path);
	size_t len = key ? strlen(key) : 0;

	if (!text)
		return -1;
	if (!key)
		return strtoll(text, NULL, 10);
	for (const char *line = text; line && *line; ) {
		if (!strncmp(line, key, len) &&
		    (line[len] == ' ' || line[len] == ':'))
			return strtoll(line + len + 1, NULL, 10);
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return -1;
}

int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -1;
	err = errno_of(write(fd, text, strlen(text)));
	close(fd);
	errno = err;
	return err ? -1 : 0;
}

int file_write_number(const char *path, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld\n", value);
	return file_write(path, text);
}

static const char *param_path(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "/sys/module/pinbuf/parameters/%s", name);
	return path;
}

long long param_get(const char *name)
{
	return file_number(param_path(name), NULL);
}

int param_set(const char *name, long long value)
{
	return file_write_number(param_path(name), value);
}

size_t meminfo(const char *name)
{
	long long kib = file_number("/proc/meminfo", name);

	assert_true(kib >= 0);
	return (size_t)kib * 1024;
}

void tmpfs_churn(size_t bytes)
{
	int fd = memfd_create("churn", MFD_CLOEXEC);
	char page[4096];

	assert_int_not_equal(fd, -1);
	memset(page, 0x5a, sizeof(page));
	for (size_t done = 0; done < bytes; done += sizeof(page))
		assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	close(fd);
}

/* The lines of /proc/iomem are in the order of their addresses. */
static void ram_read(uint64_t *start, uint64_t *end)
{
	FILE *file = fopen("/proc/iomem", "re");
	unsigned long long first, last;
	char line[128];

	assert_non_null(file);
	*start = *end = 0;
	while (fgets(line, sizeof(line), file)) {
		if (!strstr(line, "System RAM") || sscanf(line, "%llx-%llx", &first, &last) != 2)
			continue;
		if (!*end)
			*start = first;
		*end = last + 1;
	}
	fclose(file);
	assert_int_not_equal(*end, 1);
}

uint64_t ram_start(void)
{
	uint64_t start, end;

	ram_read(&start, &end);
	return start;
}

uint64_t ram_end(void)
{
	uint64_t start, end;

	ram_read(&start, &end);
	return end;
}
