/* SPDX-License-Identifier: MIT */
/* Collections that copy: of the young, and of everything. */
#ifndef PINBUF_GC_COPY_H
#define PINBUF_GC_COPY_H

#include "mark.h"

struct gc_copy {
	struct pinbuf_gc_tracer t;	/* first */
	struct pinbuf_gc *gc;
	bool moving;			/* everything, not the young alone */
	bool tenure;			/* what lives becomes old at once */
	bool saw_young;			/* the object being looked at points to one */
	uint64_t moved, promoted, stayed, pinned;	/* bytes, but for the last */
	uint64_t aged_objects, aged_bytes;
};

/* copy.c */
void pinbuf__gc_copy_visit(struct pinbuf_gc_tracer *t, void **slot);
void pinbuf__gc_copy_drain(struct gc_copy *c);
void pinbuf__gc_copy_in_place(struct gc_copy *c, void *object);
void *pinbuf__gc_copy_lives(const struct gc_copy *c, void *object);
void pinbuf__gc_from_free(struct pinbuf_gc *gc, uint32_t block);
void pinbuf__gc_young(struct pinbuf_gc *gc, uint64_t began);
void pinbuf__gc_window_close(struct pinbuf_gc *gc, struct gc_mutator *t);
void pinbuf__gc_close_windows(struct pinbuf_gc *gc);

/* moving.c */
void pinbuf__gc_moving(struct pinbuf_gc *gc);

/* remember.c */
void pinbuf__gc_remember(struct pinbuf_gc *gc, void *object);
void pinbuf__gc_remembered_visit(struct gc_copy *c);
void pinbuf__gc_remembered_forget(struct pinbuf_gc *gc);
void pinbuf__gc_remembered_drop_dead(struct pinbuf_gc *gc);
void pinbuf__gc_log_new(struct gc_mutator *t, void *object);
void pinbuf__gc_log_flush(struct pinbuf_gc *gc, struct gc_mutator *t);

/* root.c */
void pinbuf__gc_roots_visit(struct pinbuf_gc *gc, struct pinbuf_gc_tracer *t);

/* pin.c */
void pinbuf__gc_pins_visit(struct gc_copy *c);
void pinbuf__gc_pins_close(struct pinbuf_gc *gc);
size_t pinbuf__gc_pin_count(const struct pinbuf_gc *gc, const void *object);

/* weak.c, final.c */
void pinbuf__gc_weak_copy(struct gc_copy *c);
bool pinbuf__gc_weak_step(struct pinbuf_gc *gc, size_t most);
void pinbuf__gc_weak_close(struct pinbuf_gc *gc);
void pinbuf__gc_final_copy(struct gc_copy *c);
bool pinbuf__gc_final_step(struct pinbuf_gc *gc, size_t most);
bool pinbuf__gc_final_ready(struct pinbuf_gc *gc, size_t most);
bool pinbuf__gc_final_run(struct gc_mutator *t);
void pinbuf__gc_final_close(struct pinbuf_gc *gc);

#endif /* PINBUF_GC_COPY_H */
