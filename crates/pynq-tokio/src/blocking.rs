//! Blocking work, aside from the tasks.

use std::any::Any;

use tokio::runtime::Handle;

use crate::Error;

/// Runs `work`, which may block (the blocking form of a wait, a long computation), on a thread that the runtime keeps
/// for such work.
///
/// # Errors
///
/// [`Error::NoRuntime`] outside of a runtime, [`Error::ShutDown`] if that ends first, [`Error::Panicked`] if the work does.
///
/// # Cancellation safety
///
/// Dropping the future leaves the work running to its end, and drops its result. Give it a deadline if it may never
/// end.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
    runtime.spawn_blocking(work).await.map_err(|error| match error.try_into_panic() {
        Ok(panic) => Error::Panicked { message: message(&*panic) },
        Err(_) => Error::ShutDown,
    })
}

/// Whether there is a tokio runtime on this thread.
#[must_use]
pub fn in_context() -> bool {
    Handle::try_current().is_ok()
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}
