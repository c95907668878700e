// SPDX-License-Identifier: MIT
/* What the objects take that a caller has in his own storage. */
#include <math.h>

#include <pinbuf.h>

#include "report.h"

#define ROW(type) report_values(#type, (double)sizeof(type), 0, NAN, NULL, 0)

int main(void)
{
	report_begin("sizes", "bytes");
	ROW(struct pinbuf_layout);
	ROW(struct pinbuf_region);
	ROW(struct pinbuf_arena);
	ROW(struct pinbuf_stack);
	ROW(struct pinbuf_pool);
	ROW(struct pinbuf_stats);
	report_end();
	return 0;
}
