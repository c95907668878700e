// SPDX-License-Identifier: MIT
/* pinbufctl names, publish, unpublish */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf.h>

#include "pinbufctl.h"
#include "size.h"

#define BUFFERS "/sys/kernel/debug/pinbuf/buffers"
#define DASH "\\055"	/* a name there; "-" is none */

/* What a command line of the three may say. */
struct names_args {
	const char *name;
	const char *size;
	unsigned int uid;
	unsigned int mode;
};

static int names_usage(FILE *to, int status)
{
	fprintf(to, "usage: pinbufctl names                         everybody's names, for root\n"
		    "       pinbufctl names NAME [--uid UID]        what has that name\n"
		    "       pinbufctl publish NAME SIZE [--mode M]  a zeroed buffer; M is 600, 660 or 666\n"
		    "       pinbufctl unpublish NAME [--uid UID]    take the name away\n"
		    "SIZE is bytes, or with K, M or G after it; UID is yours by default.\n");
	return status;
}

static int number_parse(const char *text, int base, unsigned int *number)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, base);
	if (errno || end == text || *end || *text == '-' || value >= PINBUF_UID_OWN) {
		fprintf(stderr, "pinbufctl: '%s' is no number that can be\n", text);
		return -1;
	}
	*number = (unsigned int)value;
	return 0;
}

static int size_parse(const char *text, size_t *size)
{
	static const char units[] = "KMG";
	unsigned long long value;
	unsigned int shift = 0;
	const char *unit;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		shift = 10 * (unsigned int)(unit - units + 1);
		end++;
	}
	if (errno || end == text || *end || *text == '-' || !value || value > SIZE_MAX >> shift) {
		fprintf(stderr, "pinbufctl: '%s' is no size: bytes, or with K, M or G after it\n", text);
		return -1;
	}
	*size = (size_t)value << shift;
	return 0;
}

/* PINBUFCTL_OK, or what to leave with; *done where there is nothing more to do */
static int args_parse(int argc, char **argv, struct names_args *a, int *done)
{
	static const struct option options[] = {
		{ "uid", required_argument, NULL, 'u' },
		{ "mode", required_argument, NULL, 'm' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	*done = 1;
	*a = (struct names_args){ .uid = PINBUF_UID_OWN, .mode = 0600 };
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h')
			return names_usage(stdout, PINBUFCTL_OK);
		if (c == 'u' ? number_parse(optarg, 10, &a->uid) :
		    c == 'm' ? number_parse(optarg, 8, &a->mode) : 1)
			return names_usage(stderr, PINBUFCTL_USAGE);
	}
	if (optind < argc)
		a->name = argv[optind++];
	if (optind < argc)
		a->size = argv[optind++];
	if (optind < argc)
		return names_usage(stderr, PINBUFCTL_USAGE);
	*done = 0;
	return PINBUFCTL_OK;
}

static int failed(void)
{
	fprintf(stderr, "pinbufctl: %s\n", pinbuf_error_text());
	return PINBUFCTL_FAILED;
}

/* The lines of debugfs that have a name. */
static int names_list(void)
{
	FILE *f = fopen(BUFFERS, "re");
	char line[512], name[80], text[SIZE_TEXT];
	uint64_t id, size, age;
	unsigned int uid;

	if (!f) {
		fprintf(stderr, "pinbufctl: %s: %s; the names of all are root's to see, yours you know: pinbufctl names NAME\n",
			BUFFERS, strerror(errno));
		return PINBUFCTL_FAILED;
	}
	printf("%-10s %-10s %-12s %-10s %s\n", "uid", "age_s", "size", "id", "name");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNu64 " %" SCNu64 " %*d %*x %*u %*u %*u %u %*d %" SCNu64 " %*s %79s",
			   &id, &size, &uid, &age, name) != 5 || !strcmp(name, "-"))
			continue;
		if (!strcmp(name, DASH))
			strcpy(name, "-");
		printf("%-10u %-10" PRIu64 " %-12s %-10" PRIu64 " %s\n", uid, age,
		       size_text(text, size), id, name);
	}
	fclose(f);
	return PINBUFCTL_OK;
}

static int name_show(struct pinbuf_dev *dev, const struct names_args *a)
{
	struct pinbuf_buf_info info = { .size = sizeof(info) };
	struct pinbuf_buf *buf;
	char text[SIZE_TEXT];
	int ret;

	if (pinbuf_buf_attach(&buf, dev, a->uid, a->name))
		return failed();
	ret = pinbuf_buf_query(buf, 0, &info);
	pinbuf_buf_put(buf);
	if (ret)
		return failed();
	printf("name         %s\nowner        uid %u\nsize         %s\nallocated by pid %d\n"
	       "mappings     %" PRIu64 "\nattachments  %" PRIu64 "\nlabel        %s\nid           %" PRIu64 "\n",
	       info.name, info.uid, size_text(text, info.len), info.pid, info.mappings,
	       info.attachments, info.label[0] ? info.label : "none", info.id);
	return PINBUFCTL_OK;
}

static int name_publish(struct pinbuf_dev *dev, const struct names_args *a)
{
	struct pinbuf_buf *buf;
	size_t size;
	int ret;

	if (size_parse(a->size, &size))
		return PINBUFCTL_USAGE;
	if (pinbuf_buf_create(&buf, dev, size, NULL))
		return failed();
	ret = pinbuf_buf_publish(buf, a->name, a->mode);
	pinbuf_buf_put(buf);
	return ret ? failed() : PINBUFCTL_OK;
}

static int name_unpublish(struct pinbuf_dev *dev, const struct names_args *a)
{
	return pinbuf_buf_unpublish(dev, a->uid, a->name) ? failed() : PINBUFCTL_OK;
}

static int on_device(int (*run)(struct pinbuf_dev *dev, const struct names_args *a),
		     const struct names_args *a)
{
	struct pinbuf_dev *dev;
	int ret;

	if (pinbuf_open(&dev, NULL))
		return failed();
	ret = run(dev, a);
	pinbuf_close(dev);
	return ret;
}

int pinbufctl_names(int argc, char **argv)
{
	struct names_args a;
	int done, ret = args_parse(argc, argv, &a, &done);

	if (done)
		return ret;
	if (a.size)
		return names_usage(stderr, PINBUFCTL_USAGE);
	return a.name ? on_device(name_show, &a) : names_list();
}

int pinbufctl_publish(int argc, char **argv)
{
	struct names_args a;
	int done, ret = args_parse(argc, argv, &a, &done);

	if (done)
		return ret;
	return a.size ? on_device(name_publish, &a) : names_usage(stderr, PINBUFCTL_USAGE);
}

int pinbufctl_unpublish(int argc, char **argv)
{
	struct names_args a;
	int done, ret = args_parse(argc, argv, &a, &done);

	if (done)
		return ret;
	return a.name && !a.size ? on_device(name_unpublish, &a) :
				   names_usage(stderr, PINBUFCTL_USAGE);
}
