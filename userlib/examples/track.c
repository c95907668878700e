// SPDX-License-Identifier: MIT
/* Who holds what: a region is watched, and what is left is listed by label and line. */
#include <stdio.h>

#include <pinbuf.h>

struct parser {
	char *lines[8];
};

static int parse(struct pinbuf_region *r, struct parser *p)
{
	PINBUF_TRACK_LABEL("parser");
	int i;

	for (i = 0; i < 8; i++) {
		p->lines[i] = pinbuf_new_array(r, char, 100);
		if (!p->lines[i])
			return -1;
	}
	return 0;
}

int main(void)
{
	struct pinbuf_track_block left;
	struct pinbuf_region *r;
	struct pinbuf_track *t;
	struct parser p;
	void *matrix;
	int i;

	if (pinbuf_track_create(&t, pinbuf_global(), NULL))
		goto out_error;
	r = pinbuf_track_region(t);
	matrix = PINBUF_TRACED("matrix", pinbuf_alloc_aligned(r, float, 1024, PINBUF_ALIGN_SIMD256));
	if (!matrix || parse(r, &p))
		goto out_error;
	if (pinbuf_track_report(t, PINBUF_TRACK_BY_LABEL, stdout) ||
	    pinbuf_track_report(t, PINBUF_TRACK_BY_SITE, stdout) ||
	    pinbuf_track_json(t, PINBUF_TRACK_BY_LABEL, stdout))
		goto out_error;

	/* all goes back but one */
	pinbuf_dealloc_array(r, matrix, sizeof(float), 1024, PINBUF_ALIGN_SIMD256);
	for (i = 0; i < 7; i++)
		pinbuf_delete_array(r, p.lines[i], 100);
	if (pinbuf_track_leaks(t, &left, 1) == 1)
		printf("leaked: %zu bytes of %s, %s:%u\n", left.bytes, left.label, left.file,
		       left.line);
	pinbuf_delete_array(r, p.lines[7], 100);
	pinbuf_track_destroy(t);
	return 0;

out_error:
	fprintf(stderr, "%s\n", pinbuf_error_text());
	return 1;
}
