/* SPDX-License-Identifier: MIT */
#ifndef PINBUF_DEVICE_PRESSURE_H
#define PINBUF_DEVICE_PRESSURE_H

/* Buffers came or went: one load where nobody watches. */
void pinbuf__pressure_look(void);

#endif /* PINBUF_DEVICE_PRESSURE_H */
