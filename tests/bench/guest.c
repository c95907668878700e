// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "file.h"
#include "guest.h"
#include "pages.h"

/* the largest piece of hugetlb memory is 256 MiB; one page more for odd lengths */
#define HUGE_PAGES	"129"

static void hugetlb_prepare(void)
{
	char got[16];

	file_write("/proc/sys/vm/nr_hugepages", HUGE_PAGES);
	file_read("/proc/sys/vm/nr_hugepages", got, sizeof(got));
	if (strcmp(got, HUGE_PAGES "\n"))
		fail("the guest has room for %s huge pages only, not " HUGE_PAGES,
		     strtok(got, "\n"));
}

/* The root group pays nothing, so its figures would be too low. */
static void cgroup_check(void)
{
	char path[256];

	file_read("/proc/self/cgroup", path, sizeof(path));
	if (!strcmp(path, "0::/\n"))
		fail("this runs in the root control group, which is not charged");
}

void guest_prepare(void)
{
	cgroup_check();
	hugetlb_prepare();
	file_write("/sys/module/udmabuf/parameters/size_limit_mb", "2048");
	/* irqmode=0: a request is complete when it is sent, nobody sleeps */
	if (system("modprobe null_blk irqmode=0"))
		fail("modprobe null_blk failed");
	pages_open();
}
