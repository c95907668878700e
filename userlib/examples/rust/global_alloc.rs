// SPDX-License-Identifier: MIT
//! Every Box, Vec and String of a program of Rust on a heap of libpinbuf.
mod pinbuf;

use std::alloc::{GlobalAlloc, Layout};
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering::{AcqRel, Acquire}};
use std::thread;

/// What the heap aligns to by itself.
const GRANULE: usize = 16;

struct Pinned(AtomicPtr<pinbuf::Heap>);

impl Pinned {
    /// The heap, made by whoever needs it first; of two that do so one gives way.
    unsafe fn heap(&self) -> *mut pinbuf::Heap {
        let there = self.0.load(Acquire);
        if !there.is_null() {
            return there;
        }
        let mut made = null_mut();
        if pinbuf::pinbuf_heap_create(&mut made, std::ptr::null()) != 0 {
            return null_mut();
        }
        match self.0.compare_exchange(null_mut(), made, AcqRel, Acquire) {
            Ok(_) => made,
            Err(first) => {
                pinbuf::pinbuf_heap_destroy(made);
                first
            }
        }
    }
}

unsafe impl GlobalAlloc for Pinned {
    unsafe fn alloc(&self, l: Layout) -> *mut u8 {
        let heap = self.heap();
        if heap.is_null() {
            return null_mut();
        }
        pinbuf::pinbuf_heap_aligned_alloc(heap, l.align(), l.size()) as *mut u8
    }

    unsafe fn dealloc(&self, ptr: *mut u8, _: Layout) {
        pinbuf::pinbuf_heap_free(self.heap(), ptr as *mut c_void);
    }

    unsafe fn realloc(&self, ptr: *mut u8, l: Layout, size: usize) -> *mut u8 {
        if l.align() <= GRANULE {
            return pinbuf::pinbuf_heap_realloc(self.heap(), ptr as *mut c_void, size) as *mut u8;
        }
        let to = self.alloc(Layout::from_size_align_unchecked(size, l.align()));
        if !to.is_null() {
            std::ptr::copy_nonoverlapping(ptr, to, l.size().min(size));
            self.dealloc(ptr, l);
        }
        to
    }
}

#[global_allocator]
static ALLOCATOR: Pinned = Pinned(AtomicPtr::new(null_mut()));

fn main() {
    let threads: Vec<_> = (0..4)
        .map(|n| thread::spawn(move || (0..1000).map(|i| format!("{n}.{i}")).collect::<Vec<_>>()))
        .collect();
    let words: usize = threads.into_iter().map(|t| t.join().unwrap().len()).sum();
    let mut stats = pinbuf::Stats { size: std::mem::size_of::<pinbuf::Stats>(), ..Default::default() };
    let status = unsafe { pinbuf::pinbuf_region_stats(pinbuf::pinbuf_heap_region(ALLOCATOR.heap()), &mut stats) };
    assert_eq!(status, 0);
    assert!(stats.allocation_count > 4000);
    println!("{words} strings took {} blocks of the heap", stats.allocation_count);
}
