// SPDX-License-Identifier: MIT
/* Importers: the edu device, and vgem, which root alone may open. */
#include "fuzz.h"
#include "vgem.h"

#include "pinbuf_edu.h"

#define BOTH (PINBUF_EDU_TO_DEVICE | PINBUF_EDU_FROM_DEVICE)

static bool op_attach(struct hand *hand)
{
	struct pinbuf_edu_attach arg = {
		.fd = hand_fd(hand), .direction = dice_below(&hand->dice, BOTH + 1),
	};

	return !ioctl(hand->desk->edu, PINBUF_EDU_ATTACH, &arg);
}

static bool op_detach(struct hand *hand)
{
	return !ioctl(hand->desk->edu, PINBUF_EDU_DETACH);
}

/*
 * Not of a read-only buffer: that is refused, and the core warns of every refusal.  A
 * descriptor of its own is still the same buffer's when it is used.
 */
static bool op_vmap(struct hand *hand)
{
	char bytes[256] = "";
	struct pinbuf_edu_vmap arg = {
		.fd = dup(hand_fd(hand)), .user = (uintptr_t)bytes, .len = sizeof(bytes),
		.offset = dice_below(&hand->dice, 2 * PAGE),
		.direction = 1 + dice_below(&hand->dice, 2),
	};
	bool done = arg.fd >= 0 && (fcntl(arg.fd, F_GETFL) & O_ACCMODE) == O_RDWR &&
		    !ioctl(hand->desk->edu, PINBUF_EDU_VMAP, &arg);

	if (arg.fd >= 0)
		close(arg.fd);
	return done;
}

/* The device takes 100 ms for it, whoever waits. */
static bool op_transfer(struct hand *hand)
{
	struct pinbuf_edu_dma arg = {
		.fd = dice_one_in(&hand->dice, 2) ? PINBUF_EDU_KEPT : hand_fd(hand),
		.len = 1 + dice_below(&hand->dice, PINBUF_EDU_MAX_LEN),
		.offset = dice_below(&hand->dice, 2 * PAGE),
		.direction = 1 + dice_below(&hand->dice, 2),
	};

	return !ioctl(hand->desk->edu, PINBUF_EDU_DMA, &arg);
}

static bool op_import(struct hand *hand)
{
	uint32_t handle, old;

	if (vgem_import(hand->desk->vgem, hand_fd(hand), &handle))
		return false;
	old = atomic_exchange(&hand->desk->handles[dice_below(&hand->dice, NR_HANDLES)], handle);
	if (old)
		vgem_close(hand->desk->vgem, old);
	return true;
}

static bool op_forget(struct hand *hand)
{
	uint32_t old = atomic_exchange(&hand->desk->handles[dice_below(&hand->dice, NR_HANDLES)],
				       0);

	return old && !vgem_close(hand->desk->vgem, old);
}

static bool op_export(struct hand *hand)
{
	uint32_t handle = hand->desk->handles[dice_below(&hand->dice, NR_HANDLES)];
	int fd = handle ? vgem_export(hand->desk->vgem, handle) : -1;

	if (fd < 0)
		return false;
	hand_put_fd(hand, fd);
	return true;
}

const struct op device_ops[] = {
	{ "attach", 8, MAY_DEVICES, op_attach },
	{ "detach", 6, MAY_DEVICES, op_detach },
	{ "kernel mapping", 4, MAY_DEVICES, op_vmap },
	{ "transfer", 1, MAY_DEVICES, op_transfer },
	{ "import", 8, MAY_ROOT, op_import },
	{ "forget an import", 6, MAY_ROOT, op_forget },
	{ "export an import", 3, MAY_ROOT, op_export },
};
const size_t nr_device_ops = ARRAY_LEN(device_ops);
