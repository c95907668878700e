/* SPDX-License-Identifier: MIT */
/* Everything of libpinbuf; each header also stands alone. */
#ifndef PINBUF_H
#define PINBUF_H

#include <pinbuf/base.h>
#include <pinbuf/buf.h>
#include <pinbuf/caps.h>
#include <pinbuf/dev.h>
#include <pinbuf/error.h>

#endif /* PINBUF_H */
