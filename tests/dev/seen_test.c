// SPDX-License-Identifier: MIT
/* What people can see: debugfs, tracepoints, and what they cannot. */
#include "common.h"
#include "proc.h"
#include "tracing.h"
#include "vgem.h"

#include <sys/resource.h>
#include <sys/stat.h>

#define BUFFERS "/sys/kernel/debug/pinbuf/buffers"

struct shown {
	unsigned long long id, size;
	int node;
	unsigned int flags;
	unsigned long long extents, mappings, attachments;
	unsigned int uid;
	int pid;
	long long age;
	char label[160], name[80];
};

/* The line of a buffer, or false. */
static bool find_shown(uint64_t id, struct shown *shown)
{
	const char *text = file_text(BUFFERS);

	assert_non_null(text);
	for (const char *line = strchr(text, '\n'); line && line[1];
	     line = strchr(line + 1, '\n')) {
		assert_int_equal(sscanf(line + 1,
					"%llu %llu %d %x %llu %llu %llu %u %d %lld %159s %79s",
					&shown->id, &shown->size, &shown->node,
					&shown->flags, &shown->extents,
					&shown->mappings, &shown->attachments,
					&shown->uid, &shown->pid, &shown->age,
					shown->label, shown->name), 12);
		if (shown->id == id)
			return true;
	}
	return false;
}

static void debugfs_has_a_header_and_a_line_a_buffer(void **state)
{
	static const char header[] =
		"id size node flags extents mappings attachments uid pid age_s label name\n";
	struct pinbuf_ioc_alloc req = request(MIB(2) + PAGE);
	struct shown shown;
	void *p;

	(void)state;
	assert_memory_equal(file_text(BUFFERS), header, strlen(header));
	strcpy((char *)req.name, "seen");
	assert_ok(ioctl(dev, PINBUF_IOC_ALLOC, &req));
	p = map_shared(req.out_fd, PAGE);
	assert_true(find_shown(req.out_id, &shown));
	assert_int_equal(shown.size, MIB(2) + PAGE);
	assert_int_equal(shown.node, req.out_node);
	assert_int_equal(shown.flags, req.out_flags);
	assert_int_equal(shown.extents, req.out_extents);
	assert_int_equal(shown.mappings, 1);
	assert_int_equal(shown.attachments, 0);
	assert_int_equal(shown.uid, 0);
	assert_int_equal(shown.pid, getpid());
	assert_in_range(shown.age, 0, 5);
	assert_string_equal(shown.label, "seen");
	munmap(p, PAGE);
	close(req.out_fd);
	assert_false(find_shown(req.out_id, &shown));
}

static void debugfs_keeps_fields_apart_whatever_the_label(void **state)
{
	struct pinbuf_ioc_alloc req = request(PAGE), none = request(PAGE);
	struct shown shown;

	(void)state;
	strcpy((char *)req.name, "a label with \\ and spaces");
	assert_ok(ioctl(dev, PINBUF_IOC_ALLOC, &req));
	assert_ok(ioctl(dev, PINBUF_IOC_ALLOC, &none));
	assert_true(find_shown(req.out_id, &shown));
	assert_string_equal(shown.label, "a\\040label\\040with\\040\\134\\040and\\040spaces");
	assert_true(find_shown(none.out_id, &shown));
	assert_string_equal(shown.label, "-");
	assert_string_equal(shown.name, "-");
	close(req.out_fd);
	close(none.out_fd);
}

static void debugfs_tells_a_dash_from_nothing(void **state)
{
	struct pinbuf_ioc_publish publish = { .mode = 0600, .name = "-" };
	struct pinbuf_ioc_unpublish unpublish = { .uid = -1, .name = "-" };
	struct pinbuf_ioc_alloc req = request(PAGE);
	struct shown shown;

	(void)state;
	strcpy((char *)req.name, "-");
	assert_ok(ioctl(dev, PINBUF_IOC_ALLOC, &req));
	publish.fd = req.out_fd;
	assert_ok(ioctl(dev, PINBUF_IOC_PUBLISH, &publish));
	assert_true(find_shown(req.out_id, &shown));
	assert_string_equal(shown.label, "\\055");
	assert_string_equal(shown.name, "\\055");
	assert_ok(ioctl(dev, PINBUF_IOC_UNPUBLISH, &unpublish));
	close(req.out_fd);
}

static int cannot_look(void *unused)
{
	(void)unused;
	become_user(USER_UID);
	CHECK(!file_text(BUFFERS) && errno == EACCES);
	return 0;
}

static void debugfs_is_roots_alone(void **state)
{
	struct stat st;

	(void)state;
	assert_ok(stat(BUFFERS, &st));
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_mode & 077, 0);
	in_child(cannot_look, NULL);
}

static int sees_nothing_physical(void *unused)
{
	struct pinbuf_ioc_alloc req = request(PAGE);
	char path[64];
	uint64_t frame;
	const char *text;
	int node;
	char *p;

	(void)unused;
	/* the frame, as root sees it */
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, dev, 0);
	CHECK(p != MAP_FAILED);
	frame = frame_of(p);
	CHECK(frame);
	become_user(USER_UID);
	node = open(NODE_PATH, O_RDWR);
	CHECK(node >= 0 && !ioctl(node, PINBUF_IOC_ALLOC, &req));
	CHECK(access("/sys/kernel/tracing/events/pinbuf", F_OK));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", req.out_fd);
	text = file_text(path);
	snprintf(path, sizeof(path), "%llx", (unsigned long long)frame);
	CHECK(text && !strstr(text, path));
	return 0;
}

static void a_user_sees_nothing_physical(void **state)
{
	(void)state;
	in_child(sees_nothing_physical, NULL);
}

static void events_tell_a_buffers_life(void **state)
{
	struct pinbuf_ioc_alloc req = request(3 * PAGE);
	struct pinbuf_ioc_sync sync = {
		.flags = PINBUF_SYNC_START | PINBUF_SYNC_READ,
		.offset = 1, .len = 4711,
	};
	const char *trace, *line;
	char id[32];
	void *p;

	(void)state;
	tracing_start();
	assert_ok(ioctl(dev, PINBUF_IOC_ALLOC, &req));
	p = map_shared(req.out_fd, 2 * PAGE);
	sync.fd = req.out_fd;
	assert_ok(ioctl(dev, PINBUF_IOC_SYNC, &sync));
	munmap(p, 2 * PAGE);
	close(req.out_fd);
	trace = tracing_stop();

	snprintf(id, sizeof(id), "id=%llu ", (unsigned long long)req.out_id);
	line = tracing_line(trace, "pinbuf_alloc", id);
	assert_non_null(line);
	assert_non_null(strstr(line, "len=12288 "));
	assert_non_null(strstr(line, "err=0 "));
	assert_int_not_equal(atoll(strstr(line, "ns=") + 3), 0);
	line = tracing_line(trace, "pinbuf_map", id);
	assert_non_null(line);
	assert_non_null(strstr(line, "len=8192 "));
	assert_int_not_equal(atoll(strstr(line, "ns=") + 3), 0);
	line = tracing_line(trace, "pinbuf_sync", id);
	assert_non_null(line);
	assert_non_null(strstr(line, "offset=1 len=4711 "));
	assert_non_null(tracing_line(trace, "pinbuf_unmap", id));
	assert_non_null(tracing_line(trace, "pinbuf_free", id));
}

static void events_tell_why_it_failed(void **state)
{
	long long ceiling = param_get("max_bytes");
	const char *line;

	(void)state;
	tracing_start();
	assert_ok(param_set("max_bytes", 1));
	assert_int_equal(alloc_errno(request(PAGE)), EDQUOT);
	assert_ok(param_set("max_bytes", ceiling));
	line = tracing_line(tracing_stop(), "pinbuf_alloc", "len=4096 ");
	assert_non_null(line);
	assert_non_null(strstr(line, "err=-122 "));
	assert_non_null(strstr(line, "cause=ceiling"));
}

static void events_tell_devices(void **state)
{
	const char *trace, *line;
	uint32_t handle;
	int fd, vgem;
	char id[32];

	(void)state;
	vgem = vgem_open();
	tracing_start();
	fd = buf_new(PAGE);
	snprintf(id, sizeof(id), "id=%llu ",
		 (unsigned long long)buf_query(fd).id);
	assert_int_equal(vgem_import(vgem, fd, &handle), 0);
	assert_int_equal(vgem_close(vgem, handle), 0);
	close(fd);
	close(vgem);
	trace = tracing_stop();
	line = tracing_line(trace, "pinbuf_attach", id);
	assert_non_null(line);
	assert_non_null(strstr(line, "dev=vgem"));
	assert_non_null(tracing_line(trace, "pinbuf_detach", id));
}

static void node_is_for_its_group_alone(void **state)
{
	struct stat st;

	(void)state;
	assert_ok(stat(NODE_PATH, &st));
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(st.st_mode & 007, 0);
	assert_int_equal(st.st_uid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(debugfs_has_a_header_and_a_line_a_buffer),
		TEST(debugfs_tells_a_dash_from_nothing),
		TEST(debugfs_keeps_fields_apart_whatever_the_label),
		TEST(debugfs_is_roots_alone),
		TEST(a_user_sees_nothing_physical),
		TEST(events_tell_a_buffers_life),
		TEST(events_tell_why_it_failed),
		TEST(events_tell_devices),
		TEST(node_is_for_its_group_alone),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
