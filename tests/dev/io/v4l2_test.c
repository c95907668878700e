// SPDX-License-Identifier: MIT
/*
 * A camera's frames, put by the driver into our memory, by address (USERPTR) and
 * by descriptor (DMABUF).  The same picture in the driver's memory is the witness.
 */
#include "common.h"
#include "v4l2.h"

#define EDGE 0xee

static struct camera camera;

static int camera_setup(void **state)
{
	camera.fd = -1;
	return fixture_setup(state);
}

static int camera_teardown(void **state)
{
	camera_close(&camera);
	return fixture_teardown(state);
}

#define CAMERA(function) \
	cmocka_unit_test_setup_teardown(function, camera_setup, camera_teardown)

static bool only_edges(const uint8_t *p, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (p[i] != EDGE)
			return false;
	return true;
}

static struct v4l2_buffer at_address(void *p)
{
	return (struct v4l2_buffer) {
		.memory = V4L2_MEMORY_USERPTR,
		.m.userptr = (uintptr_t)p, .length = (uint32_t)camera.frame,
	};
}

/* @p has the frame at @offset of its @len bytes, and edges around it. */
static void assert_frame(const uint8_t *p, size_t len, size_t offset,
			 const uint8_t *witness)
{
	assert_memory_equal(p + offset, witness, camera.frame);
	assert_true(only_edges(p, 0, offset));
	assert_true(only_edges(p, offset + camera.frame, len));
}

static void the_picture_stands_still_and_differs_from_the_next(void **state)
{
	uint8_t *first, *again, *other;

	(void)state;
	camera_open(&camera);
	first = camera_witness(&camera);
	again = camera_witness(&camera);
	camera_pattern(&camera, 1);
	other = camera_witness(&camera);
	assert_memory_equal(first, again, camera.frame);
	assert_memory_not_equal(first, other, camera.frame);
	free(first);
	free(again);
	free(other);
}

static void frames_land_at_any_address(void **state)
{
	static const struct {
		size_t len, offset;
	} places[] = {
		{ MIB(1) - PAGE, 0 },
		{ 50 * PAGE, 3 * PAGE + 16 },
		{ MIB(4), MIB(2) - 10 * PAGE },
	};

	(void)state;
	camera_open(&camera);
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		size_t len = places[i].len, offset = places[i].offset;
		uint8_t *p = map_shared(dev, len), *witness;

		camera_pattern(&camera, (int)i);
		witness = camera_witness(&camera);
		assert_in_range(offset + camera.frame, 0, len);
		memset(p, EDGE, len);
		camera_request(&camera, V4L2_MEMORY_USERPTR);
		assert_int_equal(camera_frame(&camera, at_address(p + offset)),
				 0);
		assert_frame(p, len, offset, witness);
		munmap(p, len);
		free(witness);
	}
}

static void frames_land_in_the_buffer_of_a_descriptor(void **state)
{
	size_t len = MIB(2) + PAGE;
	struct v4l2_buffer buffer = { .memory = V4L2_MEMORY_DMABUF };
	uint8_t *p, *witness;

	(void)state;
	camera_open(&camera);
	witness = camera_witness(&camera);
	buffer.m.fd = buf_new(len);
	p = map_shared(buffer.m.fd, len);
	memset(p, EDGE, len);
	camera_request(&camera, V4L2_MEMORY_DMABUF);
	assert_int_equal(camera_frame(&camera, buffer), 0);
	assert_frame(p, len, 0, witness);
	assert_int_equal(buf_query(buffer.m.fd).attachments, 0);
	munmap(p, len);
	close(buffer.m.fd);
	free(witness);
}

/* What the driver took stays its own until it gives the frame back. */
static void a_queued_buffer_outlives_its_mapping(void **state)
{
	const size_t len = 64 * PAGE;
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE, fd;
	struct v4l2_buffer buffer, done = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_USERPTR,
	};
	uint8_t *p, *q, *witness;

	(void)state;
	camera_open(&camera);
	witness = camera_witness(&camera);
	fd = buf_new(len);
	p = map_shared(fd, len);
	q = map_shared(fd, len);
	memset(p, EDGE, len);
	buffer = at_address(p + PAGE);
	buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	camera_request(&camera, V4L2_MEMORY_USERPTR);
	assert_ok(ioctl(camera.fd, VIDIOC_QBUF, &buffer));
	munmap(p, len);
	assert_ok(ioctl(camera.fd, VIDIOC_STREAMON, &type));
	assert_ok(ioctl(camera.fd, VIDIOC_DQBUF, &done));
	assert_frame(q, len, PAGE, witness);
	camera_close(&camera);
	munmap(q, len);
	close(fd);
	free(witness);
}

static void a_read_only_mapping_is_efault(void **state)
{
	void *p;
	int fd;

	(void)state;
	camera_open(&camera);
	fd = buf_new(MIB(1));
	p = mmap(NULL, MIB(1), PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	camera_request(&camera, V4L2_MEMORY_USERPTR);
	assert_int_equal(camera_frame(&camera, at_address(p)), EFAULT);
	munmap(p, MIB(1));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CAMERA(the_picture_stands_still_and_differs_from_the_next),
		CAMERA(frames_land_at_any_address),
		CAMERA(frames_land_in_the_buffer_of_a_descriptor),
		CAMERA(a_queued_buffer_outlives_its_mapping),
		CAMERA(a_read_only_mapping_is_efault),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
