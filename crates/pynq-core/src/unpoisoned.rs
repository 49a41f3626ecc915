//! Mutexes whose poison says nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex whose value is whole at every point where a thread may panic, and so also after one has.
///
/// The crates of this project guard nothing else.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
