// SPDX-License-Identifier: MIT
/* pinbufctl prove: from a disk, into memory that never moves, on into a device. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <sha2.h>

#include <numa.h>

#include "../pinbufctl.h"
#include "../size.h"
#include "prove.h"
#include "say.h"

#define LEN ((size_t)64 << 20)

static const struct option long_options[] = {
	{ "disk", required_argument, NULL, 'd' },
	{ "sha256", required_argument, NULL, 's' },
	{ "edu", required_argument, NULL, 'e' },
	{ "report", required_argument, NULL, 'r' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static int usage(FILE *to, int status)
{
	fprintf(to, "usage: pinbufctl prove --sha256 DIGITS [--disk PATH] [--edu PATH] [--report FILE]\n\n"
		"Reads the first 64 MiB of a disk into a pinned buffer, sends pieces of it through\n"
		"a device, asks the kernel in every way to move it, and tries the same on other\n"
		"memory.  To be run as root in a virtual machine: tests/vm/prove does it all.\n\n"
		"  --sha256 DIGITS  of the disk's 64 MiB, as the host knows it\n"
		"  --disk PATH      the disk, only read (/dev/nvme0n1)\n"
		"  --edu PATH       node of the device that imports buffers (/dev/pinbuf_edu)\n"
		"  --report FILE    write the facts there as JSON\n");
	return status;
}

/* Of the bytes as they are now, which everything since has left alone. */
static int after(struct prove *p)
{
	struct prove_facts *f = &p->facts;

	SHA256Data(p->mem, p->len, f->after_sha256);
	say("sha256", "%.16s... in the buffer after all that: %s", f->after_sha256,
	    strcmp(f->after_sha256, f->source_sha256) ? "DIFFERENT" : "the same");
	return 0;
}

int stats(struct prove *p)
{
	p->facts.stats.size = sizeof(p->facts.stats);
	if (pinbuf_stats_device(p->dev, PINBUF_DEV_SCOPE_ALL, 0, &p->facts.stats))
		return say_wrong("%s", pinbuf_error_text());
	return 0;
}

static int (*const steps[])(struct prove *p) = { stage, device, move, peers, after, stats };

static void heading_print(struct prove *p)
{
	char memory[SIZE_TEXT];
	struct utsname name;
	struct sysinfo si;

	uname(&name);
	sysinfo(&si);
	snprintf(p->facts.kernel, sizeof(p->facts.kernel), "%s", name.release);
	printf("From a disk into memory that never moves, and on into a device.\n"
	       "Linux %s, %ld processors, %d NUMA nodes, %s\n\n", name.release,
	       sysconf(_SC_NPROCESSORS_ONLN), numa_num_configured_nodes(),
	       size_text(memory, (uint64_t)si.totalram * si.mem_unit));
}

static int prove(struct prove *p)
{
	size_t i;
	int ret = 0;

	heading_print(p);
	if (pinbuf_open(&p->dev, NULL))
		return say_wrong("%s", pinbuf_error_text());
	for (i = 0; !ret && i < sizeof(steps) / sizeof(steps[0]); i++)
		ret = steps[i](p);
	if (!ret) {
		page_print(p);
		ret = json_write(p) | verdict(p);
	}
	pinbuf_buf_put(p->buf);
	pinbuf_close(p->dev);
	return ret;
}

static int sha256_parse(struct prove *p, const char *digits)
{
	if (strlen(digits) != SHA256_TEXT - 1 || strspn(digits, "0123456789abcdef") != strlen(digits))
		return say_wrong("'%s' is no SHA-256: 64 hexadecimal digits in small letters", digits);
	strcpy(p->facts.source_sha256, digits);
	return 0;
}

int pinbufctl_prove(int argc, char **argv)
{
	struct prove p = {
		.disk_path = "/dev/nvme0n1", .edu_path = "/dev/pinbuf_edu", .len = LEN,
	};
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (c) {
		case 'd':
			p.disk_path = optarg;
			break;
		case 's':
			if (sha256_parse(&p, optarg))
				return PINBUFCTL_USAGE;
			break;
		case 'e':
			p.edu_path = optarg;
			break;
		case 'r':
			p.report_path = optarg;
			break;
		case 'h':
			return usage(stdout, PINBUFCTL_OK);
		default:
			return usage(stderr, PINBUFCTL_USAGE);
		}
	}
	if (optind < argc || !p.facts.source_sha256[0])
		return usage(stderr, PINBUFCTL_USAGE);
	if (numa_available() < 0) {
		say_wrong("this kernel has no NUMA calls to move memory with");
		return PINBUFCTL_FAILED;
	}
	return prove(&p) ? PINBUFCTL_FAILED : PINBUFCTL_OK;
}
