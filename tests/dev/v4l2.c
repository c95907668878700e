// SPDX-License-Identifier: MIT
#include "v4l2.h"

#include <poll.h>

#define MODPROBE "/usr/sbin/modprobe vivid n_devs=1 node_types=1 no_error_inj=1 2>/dev/null"

static int find(void)
{
	for (int n = 0; n < 8; n++) {
		struct v4l2_capability cap = { .driver = "" };
		char path[32];
		int fd;

		snprintf(path, sizeof(path), "/dev/video%d", n);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!ioctl(fd, VIDIOC_QUERYCAP, &cap) &&
		    !strcmp((const char *)cap.driver, "vivid") &&
		    cap.device_caps & V4L2_CAP_VIDEO_CAPTURE)
			return fd;
		close(fd);
	}
	return -1;
}

/* The driver's own controls have numbers that no header tells. */
static uint32_t control_named(int fd, const char *name)
{
	struct v4l2_queryctrl query = { .id = V4L2_CTRL_FLAG_NEXT_CTRL };

	while (!ioctl(fd, VIDIOC_QUERYCTRL, &query)) {
		if (!strcmp((const char *)query.name, name))
			return query.id;
		query.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
	}
	return 0;
}

static void set_control(int fd, const char *name, int value)
{
	struct v4l2_control control = {
		.id = control_named(fd, name), .value = value,
	};

	assert_int_not_equal(control.id, 0);
	assert_ok(ioctl(fd, VIDIOC_S_CTRL, &control));
}

void camera_open(struct camera *camera)
{
	struct v4l2_format format = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.fmt.pix = {
			.width = 320, .height = 180,
			.pixelformat = V4L2_PIX_FMT_YUYV,
			.field = V4L2_FIELD_NONE,
		},
	};

	camera->fd = find();
	if (camera->fd < 0 && !system(MODPROBE))
		camera->fd = find();
	if (camera->fd < 0)
		skip_because("this kernel has no vivid");
	assert_ok(ioctl(camera->fd, VIDIOC_S_FMT, &format));
	camera->frame = format.fmt.pix.sizeimage;
	/* the clock that it writes into the picture */
	set_control(camera->fd, "OSD Text Mode", 2);
	camera_pattern(camera, 0);
}

void camera_close(struct camera *camera)
{
	if (camera->fd >= 0)
		close(camera->fd);
	camera->fd = -1;
}

void camera_pattern(struct camera *camera, int pattern)
{
	set_control(camera->fd, "Test Pattern", pattern);
}

void camera_request(struct camera *camera, uint32_t memory)
{
	struct v4l2_requestbuffers request = {
		.count = 1, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = memory,
	};

	assert_ok(ioctl(camera->fd, VIDIOC_REQBUFS, &request));
	assert_true(request.count >= 1);
}

/* Frees the buffers too: a driver holds what it was given until then. */
static void camera_stop(struct camera *camera, uint32_t memory)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	struct v4l2_requestbuffers none = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = memory,
	};

	assert_ok(ioctl(camera->fd, VIDIOC_STREAMOFF, &type));
	assert_ok(ioctl(camera->fd, VIDIOC_REQBUFS, &none));
}

int camera_frame(struct camera *camera, struct v4l2_buffer request)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE, err;
	struct pollfd pollfd = { .fd = camera->fd, .events = POLLIN };
	struct v4l2_buffer done = { .type = type, .memory = request.memory };

	request.type = type;
	err = errno_of(ioctl(camera->fd, VIDIOC_QBUF, &request));
	if (err)
		return err;
	assert_ok(ioctl(camera->fd, VIDIOC_STREAMON, &type));
	assert_int_equal(poll(&pollfd, 1, 30000), 1);
	assert_ok(ioctl(camera->fd, VIDIOC_DQBUF, &done));
	assert_int_equal(done.flags & V4L2_BUF_FLAG_ERROR, 0);
	assert_int_equal(done.bytesused, camera->frame);
	camera_stop(camera, request.memory);
	return 0;
}

uint8_t *camera_witness(struct camera *camera)
{
	struct v4l2_buffer buffer = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP,
	};
	uint8_t *copy = malloc(camera->frame);
	void *p;

	camera_request(camera, V4L2_MEMORY_MMAP);
	assert_ok(ioctl(camera->fd, VIDIOC_QUERYBUF, &buffer));
	p = mmap(NULL, buffer.length, PROT_READ, MAP_SHARED, camera->fd,
		 buffer.m.offset);
	assert_ptr_not_equal(p, MAP_FAILED);
	assert_int_equal(camera_frame(camera, buffer), 0);
	memcpy(copy, p, camera->frame);
	munmap(p, buffer.length);
	return copy;
}
