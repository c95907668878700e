// SPDX-License-Identifier: MIT
/*
 * STATS beside the truth: what this test has made, counted by hand, and what
 * debugfs and the kernel's own files tell of it.
 */
#include "common.h"
#include "proc.h"
#include "vgem.h"

#include <dirent.h>
#include <sys/stat.h>

#define MOST 48

static struct {
	int fd;			/* -1: gone */
	uint64_t id, len;
	char *map;
	uint32_t handle;	/* vgem's, 0 for none */
	bool named;
} made[MOST];

struct truth {
	uint64_t bytes, buffers, mappings, attachments, published;
};

static uint32_t random_below(uint32_t end)
{
	static uint32_t seed = 4711;

	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * end >> 32);
}

static int name_call(unsigned long cmd, int i)
{
	struct pinbuf_ioc_publish publish = { .fd = made[i].fd, .mode = 0600 };
	struct pinbuf_ioc_unpublish unpublish = { .uid = -1 };

	snprintf((char *)publish.name, sizeof(publish.name), "truth-%d", i);
	memcpy(unpublish.name, publish.name, sizeof(unpublish.name));
	return ioctl(dev, cmd, cmd == PINBUF_IOC_PUBLISH ? (void *)&publish : &unpublish);
}

static void make(int i, int vgem)
{
	struct pinbuf_ioc_alloc req = request(1 + random_below(MIB(3)));

	assert_ok(ioctl(dev, PINBUF_IOC_ALLOC, &req));
	made[i].fd = req.out_fd;
	made[i].id = req.out_id;
	made[i].len = req.out_len;
	if (random_below(2))
		made[i].map = map_shared(req.out_fd, PAGE);
	if (random_below(3) == 0)
		assert_int_equal(vgem_import(vgem, req.out_fd, &made[i].handle), 0);
	if (random_below(3) == 0) {
		assert_ok(name_call(PINBUF_IOC_PUBLISH, i));
		made[i].named = true;
	}
}

static void unmake(int i, int vgem)
{
	if (made[i].map)
		munmap(made[i].map, PAGE);
	if (made[i].handle)
		assert_int_equal(vgem_close(vgem, made[i].handle), 0);
	if (made[i].named)
		assert_ok(name_call(PINBUF_IOC_UNPUBLISH, i));
	close(made[i].fd);
	made[i].fd = -1;
	made[i].map = NULL;
	made[i].handle = 0;
	made[i].named = false;
}

static struct truth count_by_hand(void)
{
	struct truth truth = { 0 };

	for (int i = 0; i < MOST; i++) {
		if (made[i].fd < 0)
			continue;
		truth.bytes += made[i].len;
		truth.buffers++;
		truth.mappings += made[i].map != NULL;
		truth.attachments += made[i].handle != 0;
		truth.published += made[i].named;
	}
	return truth;
}

static struct truth count_in_debugfs(void)
{
	const char *text = file_text("/sys/kernel/debug/pinbuf/buffers");
	struct truth truth = { 0 };
	unsigned long long size, mappings, attachments;
	char name[80];

	assert_non_null(text);
	for (const char *line = strchr(text, '\n'); line && line[1];
	     line = strchr(line + 1, '\n')) {
		assert_int_equal(sscanf(line + 1, "%*s %llu %*s %*s %*s %llu %llu %*s %*s %*s %*s %79s",
					&size, &mappings, &attachments, name), 4);
		truth.bytes += size;
		truth.buffers++;
		truth.mappings += mappings;
		truth.attachments += attachments;
		truth.published += strcmp(name, "-") != 0;
	}
	return truth;
}

static struct truth count_in_stats(uint32_t scope)
{
	struct pinbuf_ioc_stats st = stats(scope, 0);

	return (struct truth){
		st.out_current_live, st.out_live_buffers, st.out_mappings, st.out_attachments,
		st.out_published,
	};
}

/* dma-bufs among this process's descriptors, by their inodes. */
static uint64_t count_in_proc(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t count = 0;
	struct dirent *entry;
	struct stat st;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (fstat(atoi(entry->d_name), &st))
			continue;
		for (int i = 0; i < MOST; i++)
			count += made[i].fd == atoi(entry->d_name) && made[i].id == st.st_ino;
	}
	closedir(dir);
	return count;
}

static void add(struct truth *to, const struct truth *what)
{
	to->bytes += what->bytes;
	to->buffers += what->buffers;
	to->mappings += what->mappings;
	to->attachments += what->attachments;
	to->published += what->published;
}

static void figures_are_what_is_counted_by_hand(void **state)
{
	struct truth all_before = count_in_stats(PINBUF_STATS_ALL), hand, told;
	struct truth mine_before = count_in_stats(PINBUF_STATS_USER);
	struct truth seen_before = count_in_debugfs();
	int vgem = vgem_open();

	(void)state;
	for (int i = 0; i < MOST; i++)
		made[i].fd = -1;
	for (int round = 0; round < 200; round++) {
		int i = (int)random_below(MOST);

		if (made[i].fd < 0)
			make(i, vgem);
		else
			unmake(i, vgem);
		if (round % 20)
			continue;
		hand = count_by_hand();
		assert_int_equal(count_in_proc(), hand.buffers);
		add(&hand, &seen_before);
		told = count_in_debugfs();
		assert_memory_equal(&told, &hand, sizeof(hand));
		hand = count_by_hand();
		add(&hand, &all_before);
		told = count_in_stats(PINBUF_STATS_ALL);
		assert_memory_equal(&told, &hand, sizeof(hand));
		hand = count_by_hand();
		add(&hand, &mine_before);
		told = count_in_stats(PINBUF_STATS_USER);
		assert_memory_equal(&told, &hand, sizeof(hand));
	}
	for (int i = 0; i < MOST; i++)
		if (made[i].fd >= 0)
			unmake(i, vgem);
	close(vgem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(figures_are_what_is_counted_by_hand),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
