// SPDX-License-Identifier: MIT
/* Labels and call sites: what this thread said last, and how people read it. */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>

#include "track.h"

static _Thread_local struct pinbuf_track_label current;

struct pinbuf_track_label pinbuf_track_label_begin(const char *label, const char *file,
						   unsigned int line)
{
	struct pinbuf_track_label before = current;

	current.label = label;
	current.file = file;
	current.line = line;
	return before;
}

void pinbuf_track_label_end(const struct pinbuf_track_label *before)
{
	current = *before;
}

struct pinbuf_track_label pinbuf__track_site(void)
{
	return current;
}

/* function+offset where the linker knows one, else what addr2line takes */
void pinbuf__track_code_text(const void *code, char *text, size_t size)
{
	const char *module;
	Dl_info info;

	if (!code || !dladdr(code, &info) || !info.dli_fname) {
		snprintf(text, size, "%p", code);
		return;
	}
	for (module = info.dli_fname; *module; module++)
		;
	while (module > info.dli_fname && module[-1] != '/')
		module--;
	if (info.dli_sname)
		snprintf(text, size, "%s(%s+0x%" PRIxPTR ")", module, info.dli_sname,
			 (uintptr_t)code - (uintptr_t)info.dli_saddr);
	else
		snprintf(text, size, "%s+0x%" PRIxPTR, module,
			 (uintptr_t)code - (uintptr_t)info.dli_fbase);
}

void pinbuf__track_site_text(const struct pinbuf_track_block *b, char *text, size_t size)
{
	if (b->file)
		snprintf(text, size, "%s:%u", b->file, b->line);
	else
		pinbuf__track_code_text(b->caller, text, size);
}
