// SPDX-License-Identifier: MIT
/*
 * Mappings: of the node, of a buffer, and what is done to them.  Not fork: the core
 * prints a warning when it gets no stack for the child.
 */
#include "scene.h"

static int note_map(char *p, size_t len)
{
	if (p == MAP_FAILED)
		return errno;
	scene.got_map = p;
	scene.got_len = len;
	return 0;
}

static int run_mmap_node(const struct operation *op)
{
	return note_map(mmap(NULL, op->len, PROT_READ | PROT_WRITE, MAP_SHARED, dev, 0),
			op->len);
}

static int run_mmap(const struct operation *op)
{
	return note_map(mmap(NULL, op->len, PROT_READ | PROT_WRITE, MAP_SHARED, scene.fd, 0),
			op->len);
}

/* A fault without memory is tried again by the kernel. */
static void touch(volatile char *p)
{
	for (size_t at = 0; at < SCENE_LEN; at += PAGE)
		p[at] = 1;
}

static int run_touch(const struct operation *op)
{
	(void)op;
	touch(scene.map);
	return 0;
}

static int run_touch_huge(const struct operation *op)
{
	(void)op;
	touch(scene.huge);
	return 0;
}

static int run_populate(const struct operation *op)
{
	return errno_of(madvise(scene.map, SCENE_LEN, (int)op->flags));
}

/* Its page tables go, and what became of the VMA is undone. */
static void undo_pieces(void)
{
	scene_map_at(scene.map);
}

static void undo_huge(void)
{
	scene_map_at(scene.huge);
}

static int run_munmap_middle(const struct operation *op)
{
	(void)op;
	return errno_of(munmap(scene.map + MIB(1), PAGE));
}

static int run_mprotect_middle(const struct operation *op)
{
	(void)op;
	return errno_of(mprotect(scene.map + MIB(1), PAGE, PROT_READ));
}

static int run_mremap(const struct operation *op)
{
	(void)op;
	return errno_of((intptr_t)mremap(scene.map, SCENE_LEN, SCENE_LEN,
					 MREMAP_MAYMOVE | MREMAP_FIXED, scene.spare));
}

static void undo_mremap(void)
{
	void *p = mmap(scene.spare, SCENE_LEN, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

	assert_ptr_equal(p, scene.spare);
	undo_pieces();
}

const struct operation map_operations[] = {
	OPERATION("mmap of the node, a page", run_mmap_node, undo_map, .len = PAGE),
	OPERATION("mmap of the node, small folios", run_mmap_node, undo_map, .len = MIB(1) - PAGE),
	OPERATION("mmap of the node, huge and small folios", run_mmap_node, undo_map,
		  .len = SCENE_LEN),
	OPERATION("mmap of a buffer, its first half", run_mmap, undo_map,
		  .len = SCENE_LEN / 2 & -PAGE),
	OPERATION("mmap of a buffer", run_mmap, undo_map, .len = SCENE_LEN),
	OPERATION("faults of pages", run_touch, undo_pieces),
	OPERATION("faults of huge pages", run_touch_huge, undo_huge),
	OPERATION("MADV_POPULATE_READ", run_populate, undo_pieces, .always = true,
		  .flags = MADV_POPULATE_READ),
	OPERATION("MADV_POPULATE_WRITE", run_populate, undo_pieces, .always = true,
		  .flags = MADV_POPULATE_WRITE),
	OPERATION("munmap of a page inside", run_munmap_middle, undo_pieces, .always = true),
	OPERATION("mprotect of a page inside", run_mprotect_middle, undo_pieces, .always = true),
	OPERATION("mremap to another place", run_mremap, undo_mremap, .always = true),
};
const size_t nr_map_operations = ARRAY_LEN(map_operations);
