// SPDX-License-Identifier: MIT
/* Layouts against arithmetic that cannot wrap: 128 bits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf.h>

typedef unsigned __int128 wide;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int truth)
{
	if (!truth)
		abort();
}

static wide up(wide v, wide align)
{
	return (v + align - 1) / align * align;
}

static int valid(wide size, wide align)
{
	return align && !(align & (align - 1)) && align <= SIZE_MAX && up(size, align) <= PTRDIFF_MAX + (wide)0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct { size_t a, aa, b, ba, nr; } in;
	struct pinbuf_layout a, b, out;
	wide bytes, at;
	size_t offset, stride;
	int ok;

	if (size < sizeof(in))
		return 0;
	memcpy(&in, data, sizeof(in));
	if (data[0] & 1)	/* most numbers are no powers of two */
		in.aa = (size_t)1 << in.aa % 64;
	if (data[8] & 1)
		in.ba = (size_t)1 << in.ba % 64;
	a = (struct pinbuf_layout){ in.a, in.aa };
	b = (struct pinbuf_layout){ in.b, in.ba };
	ok = valid(in.a, in.aa);
	must(pinbuf_layout_is_valid(a) == ok);
	must((pinbuf_layout_new(&out, in.a, in.aa) == 0) == ok);

	if (!pinbuf_layout_array(&out, a, in.nr)) {
		must(ok && (wide)out.size == up(in.a, in.aa) * in.nr && out.align == in.aa);
		must(pinbuf_layout_is_valid(out));
	} else if (ok) {
		must(!valid(up(in.a, in.aa) * in.nr, in.aa));
	}
	if (!pinbuf_layout_repeat(&out, &stride, a, in.nr)) {
		must(ok && (wide)stride == up(in.a, in.aa));
		must((wide)out.size == (in.nr ? (wide)stride * (in.nr - 1) + in.a : 0));
	}
	ok = ok && valid(in.b, in.ba);
	if (!pinbuf_layout_extend(&out, &offset, a, b)) {
		must(ok);
		at = up(in.a, in.ba);
		must((wide)offset == at && (wide)out.size == at + in.b);
		must(out.align == (in.aa > in.ba ? in.aa : in.ba) && pinbuf_layout_is_valid(out));
	} else if (ok) {
		bytes = up(in.a, in.ba) + in.b;
		must(!valid(bytes, in.aa > in.ba ? in.aa : in.ba));
	}
	return 0;
}
