/* SPDX-License-Identifier: MIT */
/*
 * vivid, the kernel's virtual camera: a picture that stands still, put into
 * memory of whatever kind is asked for.
 */
#ifndef TESTS_DEV_V4L2_H
#define TESTS_DEV_V4L2_H

#include "common.h"

#include <linux/videodev2.h>

struct camera {
	int fd;
	size_t frame;		/* bytes of a frame */
};

/* Opens it with a picture without movement; skips the test without vivid. */
void camera_open(struct camera *camera);
void camera_close(struct camera *camera);

/* Another picture of the camera's */
void camera_pattern(struct camera *camera, int pattern);

/* One buffer of that kind (V4L2_MEMORY_*). */
void camera_request(struct camera *camera, uint32_t memory);

/*
 * One frame, waited for, into the buffer that @request says: its memory, m and
 * length.  0, or errno of QBUF.
 */
int camera_frame(struct camera *camera, struct v4l2_buffer request);

/* A copy of a frame from the driver's own memory, for free(). */
uint8_t *camera_witness(struct camera *camera);

#endif
