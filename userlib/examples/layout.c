// SPDX-License-Identifier: MIT
/* A record whose fields are known at run time only, laid out as a compiler would. */
#include <stdio.h>
#include <string.h>

#include <pinbuf.h>

static int samples_aligned(void)
{
	PINBUF_AUTO_ARRAY(float, samples, pinbuf_global(), 1024, pinbuf_simd_align());

	if (!samples)
		return -1;
	memset(samples, 0, 1024 * sizeof(*samples));
	printf("samples are aligned to %zu: %s\n", pinbuf_simd_align(),
	       pinbuf_is_ptr_aligned(samples, pinbuf_simd_align()) ? "yes" : "no");
	return 0;
}

int main(void)
{
	const struct pinbuf_layout fields[] = {
		PINBUF_LAYOUT(uint8_t), PINBUF_LAYOUT(uint32_t), PINBUF_LAYOUT(uint16_t),
	};
	struct pinbuf_layout record = fields[0], table;
	size_t at = 0, i;

	for (i = 0; i < 3; i++) {
		if (i && pinbuf_layout_extend(&record, &at, record, fields[i]))
			goto failed;
		printf("field %zu at %zu\n", i, at);
	}
	record = pinbuf_layout_pad(record);
	if (pinbuf_layout_array(&table, record, 1000))
		goto failed;
	printf("a record has %zu bytes, a thousand %zu\n", record.size, table.size);

	if (samples_aligned())
		goto failed;
	return 0;

failed:
	fprintf(stderr, "%s\n", pinbuf_error_text());
	return 1;
}
