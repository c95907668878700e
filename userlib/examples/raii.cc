// SPDX-License-Identifier: MIT
// Containers of C++ on an arena on a heap: everything ends in the right order.
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "raii.hpp"

static void work(pinbuf_heap *heap)
{
	pinbuf_arena_opts opts = PINBUF_ARENA_OPTS_INIT;
	opts.parent = pinbuf_heap_region(heap);
	auto arena = pinbuf::make(pinbuf_arena_create, pinbuf_arena_destroy, opts);
	pinbuf::resource on_arena(&arena->region), on_heap(pinbuf_heap_region(heap));

	std::pmr::vector<std::pmr::string> words(&on_arena);
	std::pmr::map<int, double> roots(&on_heap);
	for (int i = 0; i < 1000; i++) {
		words.emplace_back("word number " + std::to_string(i));
		roots[i] = i * 0.5;
	}
	pinbuf_process_stats st = { sizeof(st), 0, 0, 0, 0, 0, nullptr, 0, 0 };
	pinbuf::check(pinbuf_stats_process(&st));
	std::printf("%s: %zu bytes in arenas, %zu in heaps\n", words.back().c_str(),
		    (size_t)st.arena, (size_t)st.pinned);
}

int main()
{
	pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;
	auto heap = pinbuf::make(pinbuf_heap_create, pinbuf_heap_destroy, opts);

	work(heap.get());
	pinbuf_stats st = { sizeof(st), 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	pinbuf::check(pinbuf_region_stats(pinbuf_heap_region(heap.get()), &st));
	std::printf("and then %zu bytes live\n", (size_t)st.current_live);
	try {
		opts.grow = 1;
		pinbuf::make(pinbuf_heap_create, pinbuf_heap_destroy, opts);
	} catch (const std::system_error &e) {
		std::printf("caught: %s\n", e.what());
	}
	return st.current_live != 0;
}
