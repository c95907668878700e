// SPDX-License-Identifier: MIT
/*
 * Commands: ones that make sense, and ones whose bytes, sizes, numbers and
 * pointers have been changed.  Whatever comes in, the answer is 0 or an errno of
 * the table.
 */
#include "fuzz.h"

#include "abi_rows.h"

static const uint64_t lens[] = {
	1, PAGE, PAGE + 1, 3 * PAGE, KIB(64), MIB(1) - PAGE, MIB(1), MIB(2), MIB(2) + PAGE,
	MIB(4) - PAGE, MIB(4),
};

static const char *const names[] = { "a", "b", "c", "d", "e", "f" };

static bool is_told(int err)
{
	static const int told[] = {
		0, ENOTTY, EINVAL, E2BIG, EOVERFLOW, EOPNOTSUPP, EBADF, ENOENT, EEXIST, EPERM,
		EACCES, EDQUOT, ENOMEM, EFAULT, EINTR, EMFILE,
	};

	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		if (told[i] == err)
			return true;
	return false;
}

static int command(struct hand *hand, int node, unsigned long cmd, void *arg)
{
	int err = errno_of(ioctl(node, cmd, arg));

	if (!is_told(err))
		hand_die(hand, "ioctl %#lx answered %s", cmd, strerrorname_np(err));
	return err;
}

static struct pinbuf_ioc_alloc some_alloc(struct hand *hand)
{
	struct pinbuf_ioc_alloc req = request(DICE_PICK(&hand->dice, lens));

	if (dice_one_in(&hand->dice, 4))
		req.flags = dice_below(&hand->dice, 8);
	if (dice_one_in(&hand->dice, 4))
		req.align = PAGE << dice_below(&hand->dice, 11);
	if (req.flags & PINBUF_ALLOC_STRICT_NODE || dice_one_in(&hand->dice, 8))
		req.node = (int)dice_below(&hand->dice, 2);
	if (dice_one_in(&hand->dice, 16))
		req.addr_bits = 24 + dice_below(&hand->dice, 20);
	if (dice_one_in(&hand->dice, 4))
		memset(req.name, 'a', dice_below(&hand->dice, PINBUF_LABEL_SIZE));
	return req;
}

static bool op_alloc(struct hand *hand)
{
	struct pinbuf_ioc_alloc req = some_alloc(hand);

	if (command(hand, hand->desk->node, PINBUF_IOC_ALLOC, &req))
		return false;
	hand_put_fd(hand, req.out_fd);
	return true;
}

/* More than any limit allows: refused, or cut short, and given back. */
static bool op_alloc_too_much(struct hand *hand)
{
	struct pinbuf_ioc_alloc req = request(MIB(40 + dice_below(&hand->dice, 1000)));
	int err = command(hand, hand->desk->node, PINBUF_IOC_ALLOC, &req);

	if (!err)
		close(req.out_fd);
	return err == ENOMEM || err == EDQUOT;
}

/* Every struct of the ABI; the first field is a descriptor in most. */
union any_struct {
	struct pinbuf_ioc_alloc alloc;
	struct pinbuf_ioc_query query;
	struct pinbuf_ioc_extents extents;
	struct pinbuf_ioc_sync sync;
	struct pinbuf_ioc_stats stats;
	struct pinbuf_ioc_publish publish;
	struct pinbuf_ioc_attach attach;
	struct pinbuf_ioc_unpublish unpublish;
	uint8_t bytes[512];
	uint64_t words[64];
};

static const struct abi {
	unsigned int nr, size;
} abi[] = {
#define ABI_ROW(type, number, last, answers) \
	{ _IOC_NR(PINBUF_IOC_##number), sizeof(struct pinbuf_ioc_##type) },
	ABI_ROWS(ABI_ROW)
};

static void make_sense(struct hand *hand, unsigned int nr, union any_struct *any)
{
	const char *name = names[dice_below(&hand->dice, ARRAY_LEN(names))];

	memset(any, 0, sizeof(*any));
	any->query.fd = hand_fd(hand);
	switch (nr) {
	case _IOC_NR(PINBUF_IOC_INFO):
		any->query.fd = 0;
		break;
	case _IOC_NR(PINBUF_IOC_ALLOC):
		any->alloc = some_alloc(hand);
		break;
	case _IOC_NR(PINBUF_IOC_QUERY):
		any->query.flags = dice_below(&hand->dice, 2);
		break;
	case _IOC_NR(PINBUF_IOC_EXTENTS):
		any->extents.array = (uintptr_t)hand_place(hand);
		any->extents.capacity = dice_below(&hand->dice, 65);
		any->extents.first = dice_below(&hand->dice, 4);
		break;
	case _IOC_NR(PINBUF_IOC_SYNC):
		any->sync.flags = 1 + dice_below(&hand->dice, 15);
		any->sync.offset = dice_below(&hand->dice, MIB(1));
		any->sync.len = 1 + dice_below(&hand->dice, MIB(1));
		break;
	case _IOC_NR(PINBUF_IOC_STATS):
		any->stats.scope = dice_below(&hand->dice, 3);
		break;
	case _IOC_NR(PINBUF_IOC_PUBLISH):
		any->publish.mode = dice_one_in(&hand->dice, 2) ? 0666 : 0600;
		strcpy((char *)any->publish.name, name);
		break;
	default:
		any->attach.uid = dice_one_in(&hand->dice, 2) ? -1U : 1000;
		strcpy((char *)any->attach.name, name);
	}
}

static void mutate(struct hand *hand, unsigned int nr, union any_struct *any)
{
	static const uint64_t edges[] = {
		0, 1, -1ULL, 1ULL << 31, 1ULL << 32, 1ULL << 63, (1ULL << 63) - 1, PAGE, -PAGE,
		0x7fffffff, 0xffffffff, 0xdeadbeef, 1ULL << 47,
	};

	uint64_t array = any->extents.array;

	for (unsigned int i = dice_below(&hand->dice, 4); i > 0; i--) {
		if (dice_one_in(&hand->dice, 2))
			any->bytes[dice_below(&hand->dice, 400)] = (uint8_t)dice_next(&hand->dice);
		else
			any->words[dice_below(&hand->dice, 50)] = DICE_PICK(&hand->dice, edges);
	}
	/* an address near it could be the fuzzer's own memory */
	if (nr == _IOC_NR(PINBUF_IOC_EXTENTS))
		any->extents.array = dice_one_in(&hand->dice, 4) ? DICE_PICK(&hand->dice, edges) : array;
}

/* ALLOC and ATTACH make a descriptor, wherever they were asked to write it. */
static void keep(struct hand *hand, unsigned int nr, const union any_struct *any)
{
	if (nr == _IOC_NR(PINBUF_IOC_ALLOC))
		hand_put_fd(hand, any->alloc.out_fd);
	else if (nr == _IOC_NR(PINBUF_IOC_ATTACH))
		hand_put_fd(hand, any->attach.out_fd);
}

static bool op_command(struct hand *hand)
{
	const struct abi *row = &abi[dice_below(&hand->dice, ARRAY_LEN(abi))];
	union any_struct any;

	make_sense(hand, row->nr, &any);
	if (command(hand, hand->desk->node,
		    _IOC(_IOC_READ | _IOC_WRITE, PINBUF_IOC_TYPE, row->nr, row->size), &any))
		return false;
	keep(hand, row->nr, &any);
	return true;
}

/* Nothing asked for here is larger than what the role may have anyway. */
static bool op_mutant(struct hand *hand)
{
	const struct abi *row = &abi[dice_below(&hand->dice, ARRAY_LEN(abi))];
	unsigned int nr = row->nr, size = row->size, dir = _IOC_READ | _IOC_WRITE;
	int node = dice_one_in(&hand->dice, 8) ? hand->desk->node_ro : hand->desk->node;
	union any_struct any;
	void *arg = &any;
	int err;

	make_sense(hand, nr, &any);
	mutate(hand, nr, &any);
	if (dice_one_in(&hand->dice, 8))
		size = dice_below(&hand->dice, sizeof(any));
	if (dice_one_in(&hand->dice, 32))
		dir = dice_below(&hand->dice, 4);
	if (dice_one_in(&hand->dice, 32))
		nr = dice_below(&hand->dice, 256);
	if (dice_one_in(&hand->dice, 16))
		arg = hand_place(hand) + ROOM - dice_below(&hand->dice, 128);
	err = command(hand, node, _IOC(dir, PINBUF_IOC_TYPE, nr, size), arg);
	if (!err && arg == &any)
		keep(hand, nr, &any);
	return err;
}

static bool op_heap(struct hand *hand)
{
	struct {
		uint64_t len;
		uint32_t fd, fd_flags;
		uint64_t heap_flags;
	} arg = {
		.len = DICE_PICK(&hand->dice, lens),
		.fd_flags = dice_one_in(&hand->dice, 2) ? O_RDWR | O_CLOEXEC : O_RDONLY,
	};

	if (ioctl(hand->desk->heap, _IOWR('H', 0, arg), &arg))
		return false;
	hand_put_fd(hand, (int)arg.fd);
	return true;
}

const struct op ioctl_ops[] = {
	{ "alloc", 40, 0, op_alloc },
	{ "alloc too much", 2, 0, op_alloc_too_much },
	{ "a command", 40, MAY_MOST, op_command },
	{ "a mutant of one", 60, MAY_MOST, op_mutant },
	{ "dma-heap alloc", 4, MAY_MOST, op_heap },
};
const size_t nr_ioctl_ops = ARRAY_LEN(ioctl_ops);
