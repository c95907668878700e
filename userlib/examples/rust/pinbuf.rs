// SPDX-License-Identifier: MIT
//! libpinbuf's declarations, as far as the example needs them.
#![allow(dead_code)]
use std::ffi::{c_char, c_int, c_void};

#[repr(C)]
pub struct Heap {
    private: [u8; 0],
}

#[repr(C)]
pub struct Region {
    private: [u8; 0],
}

/// struct pinbuf_stats
#[repr(C)]
#[derive(Default)]
pub struct Stats {
    pub size: usize,
    pub total_allocated: u64,
    pub total_deallocated: u64,
    pub current_live: u64,
    pub peak_usage: u64,
    pub allocation_count: u64,
    pub deallocation_count: u64,
    pub held: u64,
    pub wasted: u64,
    pub failures: u64,
}

#[link(name = "pinbuf")]
extern "C" {
    pub fn pinbuf_heap_create(out: *mut *mut Heap, opts: *const c_void) -> c_int;
    pub fn pinbuf_heap_destroy(heap: *mut Heap);
    pub fn pinbuf_heap_region(heap: *mut Heap) -> *mut Region;
    pub fn pinbuf_heap_aligned_alloc(heap: *mut Heap, align: usize, size: usize) -> *mut c_void;
    pub fn pinbuf_heap_calloc(heap: *mut Heap, nr: usize, size: usize) -> *mut c_void;
    pub fn pinbuf_heap_realloc(heap: *mut Heap, ptr: *mut c_void, size: usize) -> *mut c_void;
    pub fn pinbuf_heap_free(heap: *mut Heap, ptr: *mut c_void);
    pub fn pinbuf_region_stats(region: *const Region, stats: *mut Stats) -> c_int;
    pub fn pinbuf_error_text() -> *const c_char;
}
