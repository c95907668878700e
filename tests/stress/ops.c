// SPDX-License-Identifier: MIT
/* The table of operations, put together from those of the files. */
#include "fuzz.h"

static const struct {
	const struct op *ops;
	const size_t *nr;
} tables[] = {
	{ ioctl_ops, &nr_ioctl_ops },
	{ file_ops, &nr_file_ops },
	{ vma_ops, &nr_vma_ops },
	{ memory_ops, &nr_memory_ops },
	{ device_ops, &nr_device_ops },
};

size_t op_count(void)
{
	size_t count = 0;

	for (size_t t = 0; t < ARRAY_LEN(tables); t++)
		count += *tables[t].nr;
	return count;
}

const struct op *op_number(size_t i)
{
	for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
		if (i < *tables[t].nr)
			return &tables[t].ops[i];
		i -= *tables[t].nr;
	}
	return NULL;
}

static unsigned int weight(size_t i, unsigned int may)
{
	const struct op *op = op_number(i);

	return op->needs & ~may ? 0 : op->weight;
}

size_t op_choose(struct dice *dice, unsigned int may)
{
	unsigned int sum = 0, at;
	size_t i;

	for (i = 0; i < op_count(); i++)
		sum += weight(i, may);
	at = dice_below(dice, sum);
	for (i = 0; at >= weight(i, may); i++)
		at -= weight(i, may);
	return i;
}
