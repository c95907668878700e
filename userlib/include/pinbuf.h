/* SPDX-License-Identifier: MIT */
/* Everything of libpinbuf; each header also stands alone. */
#ifndef PINBUF_H
#define PINBUF_H

#include <pinbuf/arena.h>
#include <pinbuf/base.h>
#include <pinbuf/buf.h>
#include <pinbuf/caps.h>
#include <pinbuf/dev.h>
#include <pinbuf/dtype.h>
#include <pinbuf/error.h>
#include <pinbuf/frame.h>
#include <pinbuf/freelist.h>
#include <pinbuf/gc.h>
#include <pinbuf/global.h>
#include <pinbuf/heap.h>
#include <pinbuf/layout.h>
#include <pinbuf/locked.h>
#include <pinbuf/managed.h>
#include <pinbuf/names.h>
#include <pinbuf/pool.h>
#include <pinbuf/process.h>
#include <pinbuf/region.h>
#include <pinbuf/shared_arena.h>
#include <pinbuf/shared_pool.h>
#include <pinbuf/stack.h>
#include <pinbuf/stats.h>
#include <pinbuf/tensor.h>
#include <pinbuf/tensor_array.h>
#include <pinbuf/tensor_share.h>
#include <pinbuf/tensor_view.h>
#include <pinbuf/track.h>

#endif /* PINBUF_H */
