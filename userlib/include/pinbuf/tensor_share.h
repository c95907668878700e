/* SPDX-License-Identifier: MIT */
/* A tensor's bytes for a device, and for other libraries. */
#ifndef PINBUF_TENSOR_SHARE_H
#define PINBUF_TENSOR_SHARE_H

#include <stdbool.h>
#include <stddef.h>

#include <pinbuf/base.h>
#include <pinbuf/region.h>
#include <pinbuf/tensor.h>

PINBUF_BEGIN_DECLS

#define PINBUF_PIN_READ		(1U << 0)	/* the bytes are read */
#define PINBUF_PIN_WRITE	(1U << 1)	/* the bytes are written, and wanted back */

/**
 * struct pinbuf_pinned - a tensor's bytes where they do not move
 * @ptr: its elements, contiguous; NULL after pinbuf_tensor_unpin()
 * @bytes: how long they are
 * @copied: whether they had to be copied
 * @access: private
 * @view: private: keeps the bytes
 * @copy: private: the copy, if there is one
 */
struct pinbuf_pinned {
	void *ptr;
	size_t bytes;
	bool copied;
	unsigned int access;
	struct pinbuf_tensor view;
	struct pinbuf_tensor copy;
};

/**
 * pinbuf_tensor_pin() - the tensor at an address that is fixed, its pages resident
 * @out: written on success; pinbuf_tensor_unpin() ends it
 * @t: a tensor
 * @staging: region with PINBUF_PINNED, for a copy; NULL to refuse one
 * @access: PINBUF_PIN_READ, PINBUF_PIN_WRITE or both
 *
 * In place if the memory has PINBUF_PINNED and the tensor is contiguous; else copied.
 *
 * Context: as pinbuf_alloc() on @staging.
 * Return: 0; -EINVAL for an access that cannot be; -EPERM to write a read-only tensor;
 * -EOPNOTSUPP if it takes a copy and @staging is NULL or not pinned; -ESTALE; or -errno
 * as pinbuf_alloc().
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_pin(struct pinbuf_pinned *out, const struct pinbuf_tensor *t,
		      struct pinbuf_region *staging, unsigned int access);

/**
 * pinbuf_tensor_unpin() - the reverse; what was written goes back into the tensor
 * @p: what pinbuf_tensor_pin() wrote, or one with a NULL pointer
 */
PINBUF_API void pinbuf_tensor_unpin(struct pinbuf_pinned *p);

/**
 * PINBUF_PINNED_SCOPE() - pinned until the scope ends
 * @name: declared: a struct pinbuf_pinned; its ptr is NULL as pinbuf_tensor_pin() fails
 * @t: a tensor
 * @region: as @staging there
 * @how: as @access there
 */
#define PINBUF_PINNED_SCOPE(name, t, region, how)					\
	struct pinbuf_pinned name PINBUF_CLEANUP(pinbuf_tensor_unpin);			\
	if (pinbuf_tensor_pin(&name, (t), (region), (how)))				\
		name.ptr = NULL

/**
 * pinbuf_tensor_with_pinned() - call a function with a tensor's bytes pinned
 * @t: a tensor
 * @staging: as pinbuf_tensor_pin()
 * @access: as pinbuf_tensor_pin()
 * @fn: gets the bytes, their length and @arg; the pointer must not leave it
 * @arg: anything
 *
 * Return: what @fn returned, or -errno as pinbuf_tensor_pin().
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_with_pinned(const struct pinbuf_tensor *t, struct pinbuf_region *staging,
			      unsigned int access, int (*fn)(void *ptr, size_t bytes, void *arg),
			      void *arg);

struct DLManagedTensor;	/* of dlpack/dlpack.h */

/**
 * pinbuf_tensor_to_dlpack() - give a tensor to another library, in place
 * @t: a tensor; may end before the other library is done
 * @out: written on success: one owner more of the bytes until its deleter is called
 *
 * It is kDLCPU there, with its strides.  DLPack of this version cannot say read-only, so
 * a read-only tensor is refused.
 *
 * Context: any thread; the deleter too.
 * Return: 0; -EPERM for a read-only tensor; -ESTALE; -ENOMEM.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_to_dlpack(const struct pinbuf_tensor *t, struct DLManagedTensor **out);

/**
 * pinbuf_tensor_from_dlpack() - take a tensor of another library, in place
 * @t: written on success; the deleter is called when the last owner of the bytes goes,
 *	in its thread
 * @m: the other's; still the caller's after a failure
 *
 * Return: 0; -EOPNOTSUPP for memory that is not kDLCPU, a type that enum pinbuf_dtype
 * has not or more than PINBUF_TENSOR_RANK dimensions; -EINVAL for a shape that cannot
 * be or an address not aligned for the type; -EOVERFLOW; -ENOMEM.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_from_dlpack(struct pinbuf_tensor *t, struct DLManagedTensor *m);

PINBUF_END_DECLS

#endif /* PINBUF_TENSOR_SHARE_H */
