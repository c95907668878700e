// SPDX-License-Identifier: MIT
/* Reports that nobody called for: at the end of a tracker, or of the program. */
#include <stdlib.h>
#include <string.h>

#include "track.h"

static struct pinbuf_track *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), of = strlen(end);

	return len >= of && !strcmp(text + len - of, end);
}

/* What is left, where the environment says. */
static void tell(struct pinbuf_track *t)
{
	const char *where = getenv("PINBUF_TRACK");
	FILE *out = stderr;
	int ret;

	if (!where || !*where || !pinbuf_track_leaks(t, NULL, 0))
		return;
	if (strcmp(where, "-"))
		out = fopen(where, "ae");
	if (!out)
		return;
	if (ends_with(where, ".json"))
		ret = pinbuf_track_json(t, PINBUF_TRACK_BY_SITE, out);
	else
		ret = pinbuf_track_report(t, PINBUF_TRACK_BY_SITE, out);
	if (ret)
		fprintf(stderr, "pinbuf: no report of region '%s'\n", t->region.name);
	if (out != stderr)
		fclose(out);
}

void pinbuf__track_join(struct pinbuf_track *t)
{
	pthread_mutex_lock(&lock);
	t->next = all;
	t->at = &all;
	if (t->next)
		t->next->at = &t->next;
	all = t;
	pthread_mutex_unlock(&lock);
}

void pinbuf__track_leave(struct pinbuf_track *t)
{
	pthread_mutex_lock(&lock);
	*t->at = t->next;
	if (t->next)
		t->next->at = t->at;
	pthread_mutex_unlock(&lock);
	tell(t);
}

__attribute__((destructor))
static void tell_all(void)
{
	struct pinbuf_track *t;

	for (t = all; t; t = t->next)
		tell(t);
}
