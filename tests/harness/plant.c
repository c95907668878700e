// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults to order: loading this module with fault=NAME makes the kernel do what
 * no kernel should, once, so that tests/harness/run can see whether the guest's
 * judge sees it.  Nothing else loads it.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *fault = "none";
module_param(fault, charp, 0);
MODULE_PARM_DESC(fault, "which of them to plant");

static DEFINE_SPINLOCK(lock);
static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static int plant_none(void)
{
	return 0;
}

static int plant_warning(void)
{
	WARN_ON(1);
	return 0;
}

static int plant_crash(void)
{
	int *volatile nowhere = NULL;

	return *nowhere;
}

static int plant_sleep(void)
{
	spin_lock(&lock);
	msleep(20);
	spin_unlock(&lock);
	return 0;
}

static int plant_inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

/* Longer than any caller waits */
static int plant_hang(void)
{
	for (;;)
		msleep(1000);
	return 0;
}

static int plant_leak(void)
{
	int i;

	for (i = 0; i < 10; i++)
		if (!kmalloc(1000, GFP_KERNEL))
			return -ENOMEM;
	return 0;
}

/* An open file is a reference to the module that made it. */
static int plant_reference(void)
{
	return PTR_ERR_OR_ZERO(filp_open("/dev/pinbuf", O_RDWR, 0));
}

static int plant_overrun(void)
{
	volatile char *bytes = kmalloc(64, GFP_KERNEL);

	if (!bytes)
		return -ENOMEM;
	bytes[64] = 1;
	kfree((void *)bytes);
	return 0;
}

static const struct {
	const char *name;
	int (*plant)(void);
} faults[] = {
	{ "none", plant_none },
	{ "warning", plant_warning },
	{ "crash", plant_crash },
	{ "sleep", plant_sleep },
	{ "inversion", plant_inversion },
	{ "hang", plant_hang },
	{ "leak", plant_leak },
	{ "reference", plant_reference },
	{ "overrun", plant_overrun },
};

static int __init plant_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(faults); i++)
		if (!strcmp(fault, faults[i].name))
			return faults[i].plant();
	return -EINVAL;
}

static void __exit plant_exit(void)
{
}

module_init(plant_init);
module_exit(plant_exit);
MODULE_DESCRIPTION("faults to order, for the tests of the tests");
MODULE_LICENSE("GPL");
