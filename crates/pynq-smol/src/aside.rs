//! Blocking work, aside from the tasks.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use crate::Error;

/// Runs `work`, which may block (the blocking form of a wait, a long computation), on a thread of the pool that smol
/// keeps for such work.
///
/// # Errors
///
/// [`Error::Panicked`] if the work does.
///
/// # Cancellation safety
///
/// Work that has not begun is dropped with the future; work that has begun runs to its end, and its result is dropped.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    // Caught on the thread of the work; the pool would panic once more, in the task that awaits it.
    let caught = blocking::unblock(|| catch_unwind(AssertUnwindSafe(work))).await;
    caught.map_err(|panic| Error::Panicked { message: message(&*panic) })
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}
