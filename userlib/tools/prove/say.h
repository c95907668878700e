/* SPDX-License-Identifier: MIT */
/* What a person sees while it goes. */
#ifndef PROVE_SAY_H
#define PROVE_SAY_H

/* a line with the time since the start and a word for the step */
__attribute__((format(printf, 2, 3)))
void say(const char *step, const char *fmt, ...);

/* a line that belongs to the one before */
__attribute__((format(printf, 1, 2)))
void say_more(const char *fmt, ...);

/* what went wrong; always -1 */
__attribute__((format(printf, 1, 2)))
int say_wrong(const char *fmt, ...);

/* "EFAULT", or a number in digits; of no great life */
const char *errno_name(int err);

#endif /* PROVE_SAY_H */
