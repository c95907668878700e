/* SPDX-License-Identifier: MIT */
/* Arenas that are reset once a frame, and how much a frame takes. */
#ifndef PINBUF_FRAME_H
#define PINBUF_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pinbuf/arena.h>
#include <pinbuf/base.h>

PINBUF_BEGIN_DECLS

/**
 * struct pinbuf_frames - a frame arena, or two by turns, in the caller's storage
 *
 * All of it is the library's.  One thread owns it.  Not to be copied or moved.
 */
struct pinbuf_frames {
	/* private: */
	struct pinbuf_arena arenas[2];
	unsigned int nr;		/* arenas in use */
	unsigned int now;		/* the frame's */
	uint64_t begun_at;		/* bytes that its arena had ever allocated */
	uint64_t nr_frames;		/* ended ones */
	uint64_t least, most, total;	/* bytes of those */
	uint64_t high_water;
	bool is_open;
	uint64_t reserved[4];
};

/**
 * struct pinbuf_frame_figures - what frames take
 * @size: set by the caller to sizeof(struct pinbuf_frame_figures)
 * @nr_frames: frames that ended
 * @least: bytes that the smallest of them allocated
 * @most: bytes that the largest allocated
 * @mean: bytes that one allocated on average, rounded down
 * @high_water: most bytes that were live in a frame at one time: less than @most if
 *	scopes ended within it
 */
struct pinbuf_frame_figures {
	size_t size;
	uint64_t nr_frames;
	uint64_t least;
	uint64_t most;
	uint64_t mean;
	uint64_t high_water;
};

/**
 * pinbuf_frames_init() - make a frame arena
 * @f: written; pinbuf_frames_fini() ends it
 * @nr: 1, or 2 for a double-buffered one, where a frame's data stays valid until the
 *	next frame ends
 * @opts: of each of the arenas, as pinbuf_arena_init()
 *
 * Return: 0; -EINVAL if @nr is neither; as pinbuf_arena_init().
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_frames_init(struct pinbuf_frames *f, unsigned int nr,
		       const struct pinbuf_arena_opts *opts);

/**
 * pinbuf_frames_fini() - give everything back
 * @f: a frame arena
 */
PINBUF_API void pinbuf_frames_fini(struct pinbuf_frames *f);

/* what PINBUF_AUTO_OBJ() calls */
PINBUF_AUTO_FINI(frames, obj->nr, pinbuf_frames_fini)

/**
 * pinbuf_frame_begin() - the next frame
 * @f: a frame arena
 *
 * Drops the blocks of the last frame, or of the one before it if there are two arenas.
 * A frame that is still open ends first.
 *
 * Context: the owner.
 * Return: the frame's arena, which is @f's.
 */
PINBUF_API struct pinbuf_arena *pinbuf_frame_begin(struct pinbuf_frames *f);

/**
 * pinbuf_frame_end() - the frame is complete
 * @f: a frame arena
 *
 * Its blocks stay valid until they are dropped by a pinbuf_frame_begin().
 *
 * Context: the owner.
 */
PINBUF_API void pinbuf_frame_end(struct pinbuf_frames *f);

/**
 * pinbuf_frame_figures() - what frames took so far
 * @f: a frame arena
 * @figures: @figures->size is set by the caller, the rest is written
 *
 * Context: the owner.
 * Return: 0, or -EINVAL if @figures->size cannot be.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_frame_figures(const struct pinbuf_frames *f, struct pinbuf_frame_figures *figures);

PINBUF_END_DECLS

#endif /* PINBUF_FRAME_H */
