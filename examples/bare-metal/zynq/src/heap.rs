//! An allocator, for those programs that need one.

use core::mem::MaybeUninit;

use embedded_alloc::LlffHeap;

const SIZE: usize = 8 << 20;

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

static MEMORY: static_cell::StaticCell<[MaybeUninit<u8>; SIZE]> = static_cell::StaticCell::new();

/// Sets the allocator up. Once, before anything is allocated.
pub fn init() {
    let memory = MEMORY.init_with(|| [const { MaybeUninit::uninit() }; SIZE]);
    // SAFETY: the memory is static, handed out once, and nobody else's from here on.
    unsafe { HEAP.init(memory.as_mut_ptr().addr(), SIZE) };
}
