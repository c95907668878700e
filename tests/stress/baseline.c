// SPDX-License-Identifier: MIT
#include "baseline.h"
#include "proc.h"

#include <time.h>

#define SECONDS_TO_SETTLE 10

/* A release may be on its way: a pipe's, a socket's, a ring's. */
static bool settles(bool (*is_so)(const void *), const void *argument)
{
	time_t end = time(NULL) + SECONDS_TO_SETTLE;

	while (!is_so(argument)) {
		if (time(NULL) >= end)
			return false;
		usleep(20000);
	}
	return true;
}

static struct pinbuf_ioc_stats stats_now(void)
{
	struct pinbuf_ioc_stats st = { .scope = PINBUF_STATS_ALL };

	CHECK(!ioctl(dev, PINBUF_IOC_STATS, &st));
	return st;
}

/* locked_vm is told to who has opened the node as that user. */
static int tells_locked(void *argument)
{
	const int *in = argument;
	struct pinbuf_ioc_info info = { 0 };
	int node;

	if (in[0])
		become_user((uid_t)in[0]);
	node = open(NODE_PATH, O_RDONLY | O_CLOEXEC);
	CHECK(node >= 0 && !ioctl(node, PINBUF_IOC_INFO, &info));
	CHECK(write(in[1], &info.out_locked, sizeof(info.out_locked)) == sizeof(info.out_locked));
	return 0;
}

static uint64_t locked_by(uid_t uid)
{
	int ends[2], arguments[2] = { (int)uid };
	uint64_t bytes;

	CHECK(!pipe(ends));
	arguments[1] = ends[1];
	CHECK(!child_wait(child_start(tells_locked, arguments)));
	CHECK(read(ends[0], &bytes, sizeof(bytes)) == sizeof(bytes));
	close(ends[0]);
	close(ends[1]);
	return bytes;
}

void baseline_take(struct baseline *base, const uid_t *users, size_t nr)
{
	base->stats = stats_now();
	base->nr_users = nr;
	for (size_t i = 0; i < nr; i++) {
		base->users[i] = users[i];
		base->locked[i] = locked_by(users[i]);
	}
}

/* The last two words of a line, and the eighth, are label, name and uid. */
void baseline_unpublish(void)
{
	const char *text = file_text("/sys/kernel/debug/pinbuf/buffers");
	struct pinbuf_ioc_unpublish un;
	unsigned int uid;
	char name[80];

	for (const char *line = text ? strchr(text, '\n') : NULL; line && line[1];
	     line = strchr(line + 1, '\n')) {
		if (sscanf(line + 1, "%*s %*s %*s %*s %*s %*s %*s %u %*s %*s %*s %79s", &uid,
			   name) != 2 || !strcmp(name, "-"))
			continue;
		if (!strcmp(name, "\\055"))
			strcpy(name, "-");
		un = (struct pinbuf_ioc_unpublish){ .uid = uid };
		memcpy(un.name, name, strnlen(name, sizeof(un.name) - 1));
		if (ioctl(dev, PINBUF_IOC_UNPUBLISH, &un))
			printf("# cannot unpublish \"%s\" of %u: %s\n", name, uid,
			       strerrorname_np(errno));
	}
}

static bool live_is_back(const void *stats)
{
	struct pinbuf_ioc_stats now = stats_now();

	return stats_same_live(&now, stats);
}

bool baseline_live_is_back(const struct baseline *base)
{
	struct pinbuf_ioc_stats now;

	if (settles(live_is_back, &base->stats))
		return true;
	now = stats_now();
	printf("# still live: %llu bytes, %llu buffers, %llu mappings, %llu attachments, %llu names\n",
	       (unsigned long long)now.out_current_live, (unsigned long long)now.out_live_buffers,
	       (unsigned long long)now.out_mappings, (unsigned long long)now.out_attachments,
	       (unsigned long long)now.out_published);
	return false;
}

bool baseline_locked_is_back(const struct baseline *base)
{
	bool back = true;

	for (size_t i = 0; i < base->nr_users; i++) {
		uint64_t now = locked_by(base->users[i]);

		if (now == base->locked[i])
			continue;
		printf("# user %u has %llu bytes locked, not %llu\n", base->users[i],
		       (unsigned long long)now, (unsigned long long)base->locked[i]);
		back = false;
	}
	return back;
}

/*
 * Writing memory.high gives back what the processors have charged in advance, and
 * what can be reclaimed.
 */
static bool cgroup_is_back(const void *arguments)
{
	const char *path = *(const char *const *)arguments;
	long long most = ((const long long *)arguments)[1], current;
	char file[256];

	snprintf(file, sizeof(file), "%s/memory.high", path);
	CHECK(!file_write(file, "0"));
	snprintf(file, sizeof(file), "%s/memory.current", path);
	current = file_number(file, NULL);
	return current >= 0 && current <= most;
}

bool baseline_cgroup_is_back(const char *path, long long most)
{
	const struct {
		const char *path;
		long long most;
	} arguments = { path, most };
	bool back = settles(cgroup_is_back, &arguments);
	char file[256];

	snprintf(file, sizeof(file), "%s/memory.current", path);
	printf("# %s is charged %lld bytes\n", path, file_number(file, NULL));
	if (back)
		return true;
	snprintf(file, sizeof(file), "%s/memory.stat", path);
	printf("# %s\n", file_text(file));
	return false;
}
