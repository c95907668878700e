/* SPDX-License-Identifier: MIT */
/* What every header of the library needs from the compiler. */
#ifndef PINBUF_BASE_H
#define PINBUF_BASE_H

#ifdef __cplusplus
#define PINBUF_BEGIN_DECLS	extern "C" {
#define PINBUF_END_DECLS	}
#else
#define PINBUF_BEGIN_DECLS
#define PINBUF_END_DECLS
#endif

#define PINBUF_API		__attribute__((visibility("default")))
#define PINBUF_MUST_CHECK	__attribute__((warn_unused_result))

#endif /* PINBUF_BASE_H */
