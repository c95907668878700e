// SPDX-License-Identifier: MIT
#include "scene.h"
#include "vgem.h"

struct scene scene;

static void give_name(void)
{
	struct pinbuf_ioc_publish publish = { .mode = 0600, .name = SCENE_NAME };

	publish.fd = scene.named = buf_new(PAGE);
	assert_ok(ioctl(dev, PINBUF_IOC_PUBLISH, &publish));
}

void scene_map_at(char *place)
{
	char *p = mmap(place, SCENE_LEN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		       scene.fd, 0);

	assert_ptr_equal(p, place);
}

/* Huge entries map it at @huge, and cannot at @map. */
static void map_twice(void)
{
	scene.room = reserve_aligned(SCENE_LEN + MIB(2), MIB(2));
	scene.map = scene.room + MIB(1);
	scene.huge = reserve_aligned(SCENE_LEN, MIB(2));
	scene_map_at(scene.map);
	scene_map_at(scene.huge);
}

void scene_open(void)
{
	scene = (struct scene){ .got = -1, .vgem = vgem_find() };
	scene.fd = buf_new(SCENE_LEN);
	give_name();
	map_twice();
	scene.spare = reserve_aligned(SCENE_LEN, MIB(2));
	memset(scene.map, 1, SCENE_LEN);
	scene.edu = open("/dev/pinbuf_edu", O_RDWR | O_CLOEXEC);
}

void scene_close(void)
{
	struct pinbuf_ioc_unpublish unpublish = { .uid = -1, .name = SCENE_NAME };

	assert_ok(ioctl(dev, PINBUF_IOC_UNPUBLISH, &unpublish));
	close(scene.named);
	munmap(scene.room, SCENE_LEN + MIB(2));
	munmap(scene.huge, SCENE_LEN);
	munmap(scene.spare, SCENE_LEN);
	close(scene.fd);
	if (scene.edu >= 0)
		close(scene.edu);
	if (scene.vgem >= 0)
		close(scene.vgem);
}

void undo_fd(void)
{
	close(scene.got);
	scene.got = -1;
}

void undo_map(void)
{
	munmap(scene.got_map, scene.got_len);
	scene.got_map = NULL;
}
