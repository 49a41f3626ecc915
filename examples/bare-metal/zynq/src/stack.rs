//! How much of its stack a program uses: what is below it is painted at the start, and looked at in the end.

use core::{
    ptr,
    sync::atomic::{AtomicUsize, Ordering},
};

const PAINT: u32 = 0x5AC0_57AC;
/// How far down it is painted: more than any of these programs uses.
const DEPTH: usize = 64 * 1024;
/// What the painter itself may use.
const MARGIN: usize = 512;

/// The lowest painted word.
static BOTTOM: AtomicUsize = AtomicUsize::new(0);

/// Paints what is free.
///
/// Never inlined: in a caller with a frame of more than [`MARGIN`] the paint would go over what the caller keeps there.
#[inline(never)]
pub(crate) fn paint() {
    let here = 0_u32;
    let end = ptr::from_ref(&here).addr() - MARGIN;
    let bottom = end - DEPTH;
    for address in (bottom..end).step_by(size_of::<u32>()) {
        let word: *mut u32 = ptr::with_exposed_provenance_mut(address);
        // SAFETY: the stack has memory to itself down to the end of the statics, megabytes below, and grows downwards. This
        // function has a frame of its own, smaller than the margin, so what is beyond it is free.
        unsafe { word.write_volatile(PAINT) };
    }
    BOTTOM.store(bottom, Ordering::Relaxed);
}

/// How many bytes below `top` have been used since: 0 if it was not painted.
pub(crate) fn used(top: usize) -> usize {
    let bottom = BOTTOM.load(Ordering::Relaxed);
    if bottom == 0 {
        return 0;
    }
    let untouched = (bottom..top).step_by(size_of::<u32>()).take_while(|&address| {
        let word: *const u32 = ptr::with_exposed_provenance(address);
        // SAFETY: it is memory of the stack, and aligned as `paint` found it; whatever is there is a number.
        unsafe { word.read_volatile() == PAINT }
    });
    top - bottom - untouched.count() * size_of::<u32>()
}
