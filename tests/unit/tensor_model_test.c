// SPDX-License-Identifier: MIT
/*
 * Random chains of views against a model that has no strides: a shape and the elements
 * written out in order.  What the model does by moving numbers, views do by strides.
 */
#include "unit.h"

#define MOST	4096	/* elements */
#define CHAINS	4000
#define STEPS	6

struct model {
	unsigned int rank;
	ptrdiff_t shape[PINBUF_TENSOR_RANK];
	int32_t value[MOST];
};

static uint64_t seed = 20240607;

static uint64_t dice(uint64_t sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % sides;
}

static size_t length(const struct model *m)
{
	size_t nr = 1;
	unsigned int d;

	for (d = 0; d < m->rank; d++)
		nr *= (size_t)m->shape[d];
	return nr;
}

/* The indices of the @nth element. */
static void indices(const struct model *m, size_t nth, ptrdiff_t *index)
{
	unsigned int d;

	for (d = m->rank; d--;) {
		index[d] = (ptrdiff_t)(nth % (size_t)m->shape[d]);
		nth /= (size_t)m->shape[d];
	}
}

static int32_t value_at(const struct model *m, const ptrdiff_t *index)
{
	size_t nth = 0;
	unsigned int d;

	for (d = 0; d < m->rank; d++)
		nth = nth * (size_t)m->shape[d] + (size_t)index[d];
	return m->value[nth];
}

/* Fills @to, whose shape is known, with what @from has where @map says. */
static void pull(struct model *to, const struct model *from,
		 void (*map)(const ptrdiff_t *to_index, ptrdiff_t *from_index, const void *arg),
		 const void *arg)
{
	ptrdiff_t index[PINBUF_TENSOR_RANK + 1], source[PINBUF_TENSOR_RANK + 1];
	size_t i;

	for (i = 0; i < length(to); i++) {
		indices(to, i, index);
		map(index, source, arg);
		to->value[i] = value_at(from, source);
	}
}

struct slice {
	unsigned int rank, dim;
	ptrdiff_t start, step;
};

static void slice_map(const ptrdiff_t *to, ptrdiff_t *from, const void *arg)
{
	const struct slice *s = arg;

	memcpy(from, to, s->rank * sizeof(*to));
	from[s->dim] = s->start + to[s->dim] * s->step;
}

static int slice(struct pinbuf_tensor *v, const struct pinbuf_tensor *t, struct model *m)
{
	struct slice s = { .rank = m->rank };
	struct model old = *m;
	ptrdiff_t len, stop, i, nr = 0;

	if (!m->rank)
		return -1;
	s.dim = (unsigned int)dice(m->rank);
	len = m->shape[s.dim];
	if (!len)
		return -1;
	s.step = (ptrdiff_t)dice(3) + 1;
	s.start = (ptrdiff_t)dice((uint64_t)len);
	stop = (ptrdiff_t)dice((uint64_t)len + 1);
	if (dice(2)) {
		s.step = -s.step;
		stop--;
	}
	for (i = s.start; s.step > 0 ? i < stop : i > stop; i += s.step)
		nr++;
	m->shape[s.dim] = nr;
	pull(m, &old, slice_map, &s);
	return pinbuf_tensor_slice(v, t, PINBUF_VIEW_KEEP, s.dim, s.start, stop, s.step);
}

struct axes {
	unsigned int rank;
	unsigned int axis[PINBUF_TENSOR_RANK];
};

static void permute_map(const ptrdiff_t *to, ptrdiff_t *from, const void *arg)
{
	const struct axes *a = arg;
	unsigned int d;

	for (d = 0; d < a->rank; d++)
		from[a->axis[d]] = to[d];
}

static int permute(struct pinbuf_tensor *v, const struct pinbuf_tensor *t, struct model *m)
{
	struct axes a = { .rank = m->rank };
	struct model old = *m;
	unsigned int d, with, keep;

	for (d = 0; d < m->rank; d++)
		a.axis[d] = d;
	for (d = m->rank; d > 1; d--) {
		with = (unsigned int)dice(d);
		keep = a.axis[d - 1];
		a.axis[d - 1] = a.axis[with];
		a.axis[with] = keep;
	}
	for (d = 0; d < m->rank; d++)
		m->shape[d] = old.shape[a.axis[d]];
	pull(m, &old, permute_map, &a);
	return pinbuf_tensor_permute(v, t, PINBUF_VIEW_KEEP, a.axis);
}

/* Two neighbours become one, or one becomes two: the order of elements stays. */
static int reshape(struct pinbuf_tensor *v, const struct pinbuf_tensor *t, struct model *m)
{
	struct model old = *m;
	unsigned int d;
	int ret;

	if (m->rank > 1 && dice(2)) {
		d = (unsigned int)dice(m->rank - 1);
		m->shape[d] *= m->shape[d + 1];
		memmove(m->shape + d + 1, m->shape + d + 2, (m->rank - d - 2) * sizeof(*m->shape));
		m->rank--;
	} else if (m->rank && m->rank < PINBUF_TENSOR_RANK) {
		ptrdiff_t by = (ptrdiff_t)dice(3) + 1;

		d = (unsigned int)dice(m->rank);
		if (m->shape[d] % by)
			return -1;
		memmove(m->shape + d + 1, m->shape + d, (m->rank - d) * sizeof(*m->shape));
		m->shape[d] = by;
		m->shape[d + 1] /= by;
		m->rank++;
	}
	ret = pinbuf_tensor_reshape(v, t, PINBUF_VIEW_KEEP, m->rank, m->shape);
	if (ret) {
		assert_int_equal(ret, -EOPNOTSUPP);
		assert_false(pinbuf_tensor_is_contiguous(t));
		*m = old;
	}
	return ret;
}

struct wide {
	unsigned int rank, old_rank;
	const ptrdiff_t *old_shape;
};

static void broadcast_map(const ptrdiff_t *to, ptrdiff_t *from, const void *arg)
{
	const struct wide *w = arg;
	unsigned int d;

	for (d = 0; d < w->old_rank; d++)
		from[d] = w->old_shape[d] == 1 ? 0 : to[d + w->rank - w->old_rank];
}

static int broadcast(struct pinbuf_tensor *v, const struct pinbuf_tensor *t, struct model *m)
{
	struct model old = *m;
	struct wide w = { .old_rank = m->rank, .old_shape = old.shape };
	unsigned int d;

	if (m->rank < PINBUF_TENSOR_RANK && dice(2)) {
		memmove(m->shape + 1, m->shape, m->rank * sizeof(*m->shape));
		m->shape[0] = (ptrdiff_t)dice(3);
		m->rank++;
	}
	for (d = 0; d < m->rank; d++)
		if (d >= m->rank - old.rank && m->shape[d] == 1)
			m->shape[d] = (ptrdiff_t)dice(3) + 1;
	w.rank = m->rank;
	if (length(m) > MOST) {
		*m = old;
		return -1;
	}
	pull(m, &old, broadcast_map, &w);
	return pinbuf_tensor_broadcast(v, t, PINBUF_VIEW_KEEP, m->rank, m->shape);
}

/* Dimensions of 1 come and go; no element does. */
static int ones(struct pinbuf_tensor *v, const struct pinbuf_tensor *t, struct model *m)
{
	unsigned int d, to = 0;

	if (dice(2)) {
		for (d = 0; d < m->rank; d++)
			if (m->shape[d] != 1)
				m->shape[to++] = m->shape[d];
		m->rank = to;
		return pinbuf_tensor_squeeze(v, t, PINBUF_VIEW_KEEP, PINBUF_ALL_DIMS);
	}
	if (m->rank == PINBUF_TENSOR_RANK)
		return -1;
	d = (unsigned int)dice(m->rank + 1);
	memmove(m->shape + d + 1, m->shape + d, (m->rank - d) * sizeof(*m->shape));
	m->shape[d] = 1;
	m->rank++;
	return pinbuf_tensor_expand(v, t, PINBUF_VIEW_KEEP, d);
}

static int select_one(struct pinbuf_tensor *v, const struct pinbuf_tensor *t, struct model *m)
{
	struct model old = *m;
	struct slice s = { .rank = m->rank };
	ptrdiff_t index;

	if (!m->rank)
		return -1;
	s.dim = (unsigned int)dice(m->rank);
	if (!m->shape[s.dim])
		return -1;
	index = (ptrdiff_t)dice((uint64_t)m->shape[s.dim]);
	s.start = index;
	m->shape[s.dim] = 1;
	pull(m, &old, slice_map, &s);
	memmove(m->shape + s.dim, m->shape + s.dim + 1, (m->rank - s.dim - 1) * sizeof(*m->shape));
	m->rank--;
	return pinbuf_tensor_select(v, t, PINBUF_VIEW_KEEP, s.dim, index);
}

static void same(const struct pinbuf_tensor *t, const struct model *m)
{
	ptrdiff_t index[PINBUF_TENSOR_RANK];
	const int32_t *p;
	size_t i;

	assert_int_equal(t->rank, m->rank);
	assert_memory_equal(t->shape, m->shape, m->rank * sizeof(*m->shape));
	assert_int_equal(pinbuf_tensor_length(t), length(m));
	for (i = 0; i < length(m); i++) {
		indices(m, i, index);
		p = pinbuf_tensor_at(t, index);
		assert_non_null(p);
		if (*p != m->value[i])
			fail_msg("element %zu is %d and should be %d", i, *p, m->value[i]);
	}
}

static void begin(struct pinbuf_tensor *t, struct model *m)
{
	size_t i;

	m->rank = (unsigned int)dice(5);
	for (i = 0; i < m->rank; i++)
		m->shape[i] = (ptrdiff_t)dice(6);
	assert_int_equal(pinbuf_tensor_init(t, pinbuf_global(), PINBUF_I32, m->rank, m->shape, NULL), 0);
	for (i = 0; i < length(m); i++)
		((int32_t *)(void *)t->data)[i] = m->value[i] = (int32_t)i * 3 + 1;
}

static void chains_of_views_give_the_elements_they_should(void **state)
{
	static int (*const ops[])(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
				  struct model *m) = {
		slice, permute, reshape, broadcast, ones, select_one,
	};
	static struct model m, before;
	struct pinbuf_tensor t, v;
	int chain, step;

	(void)state;
	for (chain = 0; chain < CHAINS; chain++) {
		begin(&t, &m);
		for (step = 0; step < STEPS; step++) {
			before = m;
			if (ops[dice(6)](&v, &t, &m)) {
				m = before;
				continue;
			}
			pinbuf_tensor_fini(&t);
			t = v;
			same(&t, &m);
		}
		assert_int_equal(pinbuf_tensor_clone(&v, &t, pinbuf_global()), 0);
		same(&v, &m);
		assert_memory_equal(v.data, m.value, length(&m) * sizeof(*m.value));
		pinbuf_tensor_fini(&v);
		pinbuf_tensor_fini(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_of_views_give_the_elements_they_should),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tensor model", tests, NULL, NULL);
}
