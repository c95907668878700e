// SPDX-License-Identifier: MIT
/*
 * Runs a harness over the saved inputs, a line of hexadecimal each in the file CORPUS,
 * without libFuzzer: each is a test.  One that fails ends the program, as it does the
 * fuzzer.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t decode(const char *line, uint8_t *out)
{
	unsigned int byte;
	size_t size = 0;

	while (sscanf(line + 2 * size, "%2x", &byte) == 1)
		out[size++] = (uint8_t)byte;
	return size;
}

/* In a block of its own size: a sanitizer sees what is read behind it. */
static void replay(const char *line)
{
	uint8_t *data = malloc(strlen(line)), *exact;
	size_t size;

	if (!data)
		exit(1);
	size = decode(line, data);
	exact = realloc(data, size + !size);
	if (!exact)
		exit(1);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static FILE *corpus_open(void)
{
	FILE *f = fopen(CORPUS, "r");

	if (f)
		return f;
	perror(CORPUS);
	exit(1);
}

static int count(FILE *f)
{
	int c, nr = 0;

	while ((c = getc(f)) != EOF)
		nr += c == '\n';
	rewind(f);
	return nr;
}

int main(void)
{
	FILE *f = corpus_open();
	char *line = NULL;
	size_t len = 0;
	int nr = 0;

	printf("1..%d\n", count(f) - 1);	/* the first says the licence */
	while (getline(&line, &len, f) > 0) {
		if (*line == '#')
			continue;
		fflush(stdout);
		replay(line);
		printf("ok %d - %.24s\n", ++nr, strtok(line, "\n") ? line : "nothing");
	}
	free(line);
	fclose(f);
	return !nr;
}
