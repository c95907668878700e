// SPDX-License-Identifier: MIT
/*
 * Names and everybody else: who may attach is who the mode says, the others
 * cannot attach, take the name, or tell that it exists.
 */
#include "names.h"
#include "userns.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* A group that is nobody's but those who are put into it here. */
#define GROUP 4711
#define OTHER_GROUP 4712
#define STRANGER_UID 1002

/* Who asks for a buffer that USER_UID published, his group being GROUP. */
static const struct who {
	const char *name;
	uid_t uid;
	gid_t gid, extra;
	int attaches[3];		/* what ATTACH answers at 0600, 0660, 0666 */
	int unpublishes[3];
} people[] = {
	{ "another in the group", OTHER_UID, GROUP, OTHER_GROUP,
	  { ENOENT, 0, 0 }, { ENOENT, EPERM, EPERM } },
	{ "another with the group beside his own", OTHER_UID, OTHER_GROUP, GROUP,
	  { ENOENT, 0, 0 }, { ENOENT, EPERM, EPERM } },
	{ "a stranger", STRANGER_UID, OTHER_GROUP, OTHER_GROUP,
	  { ENOENT, ENOENT, 0 }, { ENOENT, ENOENT, EPERM } },
	{ "root of the group 0", 0, 0, 0,
	  { ENOENT, ENOENT, 0 }, { 0, 0, 0 } },
	{ "the owner, in no group", USER_UID, OTHER_GROUP, OTHER_GROUP,
	  { 0, 0, 0 }, { 0, 0, 0 } },
};

static const uint32_t modes[] = { 0600, 0660, 0666 };

static int publishes_all(void *unused)
{
	char name[8];
	int node;

	(void)unused;
	become(USER_UID, GROUP, OTHER_GROUP);
	node = open_node();
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		struct pinbuf_ioc_alloc req = request(PAGE);

		CHECK(!alloc_on(node, &req));
		snprintf(name, sizeof(name), "n%o", modes[i]);
		CHECK(!publish(node, req.out_fd, modes[i], name));
		close(req.out_fd);
	}
	return 0;
}

static int asks_for_all(void *argument)
{
	const struct who *who = argument;
	char name[8];
	int node, fd;

	become(who->uid, who->gid, who->extra);
	node = open_node();
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		snprintf(name, sizeof(name), "n%o", modes[i]);
		CHECK(attach(node, USER_UID, name, &fd) == who->attaches[i]);
		if (fd >= 0) {
			/* full access */
			char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

			CHECK(p != MAP_FAILED);
			p[0]++;
			close(fd);
		}
		CHECK(unpublish(node, USER_UID, name) == who->unpublishes[i]);
	}
	return 0;
}

static void who_may_is_as_the_mode_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(people); i++) {
		print_message("# %s\n", people[i].name);
		in_child(publishes_all, NULL);
		in_child(asks_for_all, (void *)&people[i]);
		for (size_t m = 0; m < ARRAY_LEN(modes); m++) {
			char name[8];

			snprintf(name, sizeof(name), "n%o", modes[m]);
			assert_int_equal(unpublish(dev, USER_UID, name),
					 people[i].unpublishes[m] ? 0 : ENOENT);
		}
	}
}

static int publishes(void *argument)
{
	struct pinbuf_ioc_alloc req = request(2 * PAGE);
	int node;

	become(USER_UID, GROUP, OTHER_GROUP);
	node = open_node();
	CHECK(!alloc_on(node, &req) && !publish(node, req.out_fd, *(uint32_t *)argument, "secret"));
	return 0;
}

/* All that he can ask, for a name that is there and for one that is not. */
static int cannot_tell(void *unused)
{
	struct pinbuf_ioc_stats st = { .scope = PINBUF_STATS_USER };
	struct pinbuf_ioc_alloc req = request(PAGE);
	int node, fd;

	(void)unused;
	become(STRANGER_UID, OTHER_GROUP, OTHER_GROUP);
	node = open_node();
	CHECK(attach(node, USER_UID, "secret", NULL) == ENOENT);
	CHECK(attach(node, USER_UID, "nothing", NULL) == ENOENT);
	CHECK(attach(node, 123456, "secret", NULL) == ENOENT);
	CHECK(attach(node, OWN, "secret", NULL) == ENOENT);
	CHECK(unpublish(node, USER_UID, "secret") == ENOENT);
	CHECK(unpublish(node, USER_UID, "nothing") == ENOENT);
	/* the name is free for his own, and is his own */
	CHECK(!alloc_on(node, &req));
	CHECK(!publish(node, req.out_fd, 0666, "secret"));
	CHECK(!ioctl(node, PINBUF_IOC_STATS, &st));
	CHECK(st.out_published == 1);
	CHECK(!attach(node, OWN, "secret", &fd));
	CHECK(lseek(fd, 0, SEEK_END) == PAGE);
	CHECK(attach(node, USER_UID, "secret", NULL) == ENOENT);
	CHECK(!attach(node, STRANGER_UID, "secret", NULL));
	CHECK(!unpublish(node, OWN, "secret"));
	CHECK(attach(node, OWN, "secret", NULL) == ENOENT);
	return 0;
}

static void a_stranger_cannot_tell_that_it_exists(void **state)
{
	uint32_t mode = 0660;

	(void)state;
	in_child(publishes, &mode);
	in_child(cannot_tell, NULL);
	assert_int_equal(unpublish(dev, USER_UID, "secret"), 0);
}

static int was_there_first(void *unused)
{
	struct pinbuf_ioc_alloc req = request(PAGE);
	int node;

	(void)unused;
	become(STRANGER_UID, OTHER_GROUP, OTHER_GROUP);
	node = open_node();
	CHECK(!alloc_on(node, &req) && !publish(node, req.out_fd, 0666, "secret"));
	return 0;
}

static int gets_his_own(void *unused)
{
	int fd;

	(void)unused;
	become(USER_UID, GROUP, OTHER_GROUP);
	CHECK(!attach(open_node(), OWN, "secret", &fd));
	CHECK(lseek(fd, 0, SEEK_END) == 2 * PAGE);
	return 0;
}

static void nobody_squats_on_anothers_name(void **state)
{
	uint32_t mode = 0600;

	(void)state;
	in_child(was_there_first, NULL);
	in_child(publishes, &mode);
	in_child(gets_his_own, NULL);
	assert_int_equal(unpublish(dev, STRANGER_UID, "secret"), 0);
	assert_int_equal(unpublish(dev, USER_UID, "secret"), 0);
}

static int publishes_roots(void *fd)
{
	int node;

	become(USER_UID, GROUP, OTHER_GROUP);
	node = open_node();
	CHECK(publish(node, *(int *)fd, 0600, "mine") == EPERM);
	CHECK(attach(node, OWN, "mine", NULL) == ENOENT);
	return 0;
}

static void only_who_allocated_publishes(void **state)
{
	int fd = buf_new(PAGE);

	(void)state;
	in_child(publishes_roots, &fd);
	/* whoever calls: it is root who opened this node */
	assert_int_equal(publish(dev, fd, 0600, "mine"), 0);
	in_child(publishes_roots, &fd);
	assert_int_equal(unpublish(dev, OWN, "mine"), 0);
	close(fd);
}

static int passes_his_node(void *sock)
{
	become(USER_UID, GROUP, OTHER_GROUP);
	CHECK(!send_fd(*(int *)sock, open_node()));
	return 0;
}

static int uses_anothers_node(void *node)
{
	become(STRANGER_UID, OTHER_GROUP, OTHER_GROUP);
	CHECK(attach(*(int *)node, OWN, "secret", NULL) == 0);
	CHECK(attach(*(int *)node, USER_UID, "secret", NULL) == 0);
	CHECK(attach(open_node(), USER_UID, "secret", NULL) == ENOENT);
	return 0;
}

static void who_opened_decides_whoever_calls(void **state)
{
	uint32_t mode = 0600;
	int socks[2], node;

	(void)state;
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	in_child(publishes, &mode);
	in_child(passes_his_node, &socks[1]);
	node = recv_fd(socks[0]);
	assert_true(node >= 0);
	in_child(uses_anothers_node, &node);
	assert_int_equal(unpublish(node, OWN, "secret"), 0);
	close(node);
	close(socks[0]);
	close(socks[1]);
}

static int changes_his_group(void *unused)
{
	struct pinbuf_ioc_alloc req = request(2 * PAGE);
	struct stat st;
	int node;

	(void)unused;
	/* a saved group is one that he may change to */
	CHECK(!stat(NODE_PATH, &st) && !setgroups(1, &st.st_gid));
	CHECK(!setresgid(GROUP, GROUP, OTHER_GROUP));
	CHECK(!setresuid(USER_UID, USER_UID, USER_UID));
	node = open_node();
	CHECK(!setresgid(OTHER_GROUP, OTHER_GROUP, OTHER_GROUP));
	CHECK(!alloc_on(node, &req));
	CHECK(!publish(node, req.out_fd, 0660, "secret"));
	return 0;
}

static int asks_as_the_group_at_open(void *unused)
{
	(void)unused;
	become(STRANGER_UID, GROUP, GROUP);
	CHECK(!attach(open_node(), USER_UID, "secret", NULL));
	return 0;
}

static int asks_as_the_group_of_later(void *unused)
{
	(void)unused;
	become(STRANGER_UID, OTHER_GROUP, OTHER_GROUP);
	CHECK(attach(open_node(), USER_UID, "secret", NULL) == ENOENT);
	return 0;
}

static void group_is_that_of_the_open(void **state)
{
	(void)state;
	in_child(changes_his_group, NULL);
	in_child(asks_as_the_group_at_open, NULL);
	in_child(asks_as_the_group_of_later, NULL);
	assert_int_equal(unpublish(dev, USER_UID, "secret"), 0);
}

static int owner_in_a_namespace(void *unused)
{
	struct pinbuf_ioc_attach req = { .uid = 0, .fd_flags = O_CLOEXEC, .name = "secret" };
	int node;

	(void)unused;
	become(USER_UID, GROUP, OTHER_GROUP);
	enter_user_namespace();
	node = open_node();
	/* he is called 0 here, and nobody is called as he is outside */
	CHECK(!ioctl(node, PINBUF_IOC_ATTACH, &req));
	CHECK(req.out.uid == 0);
	CHECK(!attach(node, OWN, "secret", NULL));
	CHECK(attach(node, USER_UID, "secret", NULL) == ENOENT);
	CHECK(unpublish(node, USER_UID, "secret") == ENOENT);
	return 0;
}

static int root_of_his_own_namespace(void *unused)
{
	int node, outside;

	(void)unused;
	become(STRANGER_UID, OTHER_GROUP, OTHER_GROUP);
	outside = open_node();
	enter_user_namespace();
	node = open_node();
	/* CAP_SYS_ADMIN is his here, and no help */
	CHECK(attach(node, USER_UID, "secret", NULL) == ENOENT);
	CHECK(unpublish(node, USER_UID, "secret") == ENOENT);
	CHECK(unpublish(outside, USER_UID, "secret") == ENOENT);
	CHECK(attach(node, 0, "secret", NULL) == ENOENT);
	CHECK(unpublish(node, 0, "secret") == ENOENT);
	return 0;
}

static void namespaces_change_uids_and_no_rights(void **state)
{
	uint32_t mode = 0600;

	(void)state;
	require_user_namespaces();
	in_child(publishes, &mode);
	in_child(owner_in_a_namespace, NULL);
	in_child(root_of_his_own_namespace, NULL);
	assert_int_equal(unpublish(dev, USER_UID, "secret"), 0);
}

static int still_pays(void *unused)
{
	struct pinbuf_ioc_stats st = { .scope = PINBUF_STATS_USER };
	struct pinbuf_ioc_info in = { 0 };
	int node;

	(void)unused;
	become(USER_UID, GROUP, OTHER_GROUP);
	node = open_node();
	CHECK(!ioctl(node, PINBUF_IOC_INFO, &in));
	CHECK(in.out_locked == 2 * PAGE);
	CHECK(!ioctl(node, PINBUF_IOC_STATS, &st));
	CHECK(st.out_allocation_count == 1 && st.out_current_live == 2 * PAGE);
	CHECK(st.out_published == 1);
	return 0;
}

static int attaches_and_pays_nothing(void *unused)
{
	struct pinbuf_ioc_stats st = { .scope = PINBUF_STATS_USER };
	struct pinbuf_ioc_query query = { 0 };
	struct pinbuf_ioc_info in = { 0 };
	int node;

	(void)unused;
	become(STRANGER_UID, OTHER_GROUP, OTHER_GROUP);
	node = open_node();
	CHECK(!attach(node, USER_UID, "secret", &query.fd));
	CHECK(!ioctl(node, PINBUF_IOC_QUERY, &query));
	CHECK(query.out.uid == USER_UID);
	CHECK(!ioctl(node, PINBUF_IOC_INFO, &in) && in.out_locked == 0);
	CHECK(!ioctl(node, PINBUF_IOC_STATS, &st) && st.out_current_live == 0);
	/* he cannot give it another name either */
	CHECK(publish(node, query.fd, 0666, "secret") == EPERM);
	return 0;
}

static void charge_stays_with_the_allocator(void **state)
{
	uint32_t mode = 0666;

	(void)state;
	in_child(publishes, &mode);
	/* he has neither a process nor the node open: his figures live on */
	in_child(still_pays, NULL);
	in_child(attaches_and_pays_nothing, NULL);
	in_child(still_pays, NULL);
	assert_int_equal(unpublish(dev, USER_UID, "secret"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_may_is_as_the_mode_says),
		TEST(a_stranger_cannot_tell_that_it_exists),
		TEST(nobody_squats_on_anothers_name),
		TEST(only_who_allocated_publishes),
		TEST(who_opened_decides_whoever_calls),
		TEST(group_is_that_of_the_open),
		TEST(namespaces_change_uids_and_no_rights),
		TEST(charge_stays_with_the_allocator),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
