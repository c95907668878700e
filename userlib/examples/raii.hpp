// SPDX-License-Identifier: MIT
// libpinbuf in C++: objects that end with their scope, and regions for the containers.
#pragma once
#include <memory>
#include <memory_resource>
#include <new>
#include <system_error>

#include <pinbuf.h>

namespace pinbuf {

inline void check(int status)
{
	if (status)
		throw std::system_error(-status, std::generic_category(), pinbuf_error_text());
}

template <typename Object, typename Opts>
auto make(int (*create)(Object **, const Opts *), void (*end)(Object *), const Opts &opts)
{
	Object *object;
	check(create(&object, &opts));
	return std::unique_ptr<Object, void (*)(Object *)>(object, end);
}

// any region for std::pmr containers
struct resource : std::pmr::memory_resource {
	explicit resource(pinbuf_region *r) : region(r) {}
private:
	void *do_allocate(size_t size, size_t align) override
	{
		void *ptr = pinbuf_alloc(region, pinbuf_layout{ size, align });
		return ptr ? ptr : throw std::bad_alloc();
	}
	void do_deallocate(void *ptr, size_t size, size_t align) override
	{
		pinbuf_dealloc(region, ptr, pinbuf_layout{ size, align });
	}
	bool do_is_equal(const memory_resource &other) const noexcept override { return this == &other; }
	pinbuf_region *region;
};

} // namespace pinbuf
