// SPDX-License-Identifier: MIT
/*
 * The free runs as a treap: a search tree by (pages, address), and a heap by a
 * random priority that each descriptor keeps for life, which makes it as flat as
 * a balanced one: 65,536 holes are some twenty steps.
 */
#include "runs.h"

static bool before(const struct heap_run *run, size_t nr, uintptr_t addr)
{
	return run->nr != nr ? run->nr < nr : heap_run_addr(run) < addr;
}

void pinbuf__heap_tree_add(struct heap_run **root, struct heap_run *run)
{
	uintptr_t addr = heap_run_addr(run);
	struct heap_run **left, **right, *at;

	while (*root && (*root)->prio >= run->prio)
		root = before(*root, run->nr, addr) ? &(*root)->right : &(*root)->left;

	/* what is below here falls to its two sides */
	at = *root;
	*root = run;
	left = &run->left;
	right = &run->right;
	while (at) {
		if (before(at, run->nr, addr)) {
			*left = at;
			left = &at->right;
			at = at->right;
		} else {
			*right = at;
			right = &at->left;
			at = at->left;
		}
	}
	*left = NULL;
	*right = NULL;
}

void pinbuf__heap_tree_del(struct heap_run **root, struct heap_run *run)
{
	uintptr_t addr = heap_run_addr(run);
	struct heap_run *left = run->left, *right = run->right;

	while (*root != run)
		root = before(*root, run->nr, addr) ? &(*root)->right : &(*root)->left;
	while (left && right) {
		if (left->prio >= right->prio) {
			*root = left;
			root = &left->right;
			left = left->right;
		} else {
			*root = right;
			root = &right->left;
			right = right->left;
		}
	}
	*root = left ? left : right;
}

/* The first that is not before (@nr, @addr), or NULL. */
struct heap_run *pinbuf__heap_tree_find(struct heap_run *root, size_t nr, uintptr_t addr)
{
	struct heap_run *found = NULL;

	while (root) {
		if (before(root, nr, addr)) {
			root = root->right;
		} else {
			found = root;
			root = root->left;
		}
	}
	return found;
}

/* The longest, or NULL. */
struct heap_run *pinbuf__heap_tree_last(struct heap_run *root)
{
	while (root && root->right)
		root = root->right;
	return root;
}
