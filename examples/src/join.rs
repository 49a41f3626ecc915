//! Several tasks in one future, for programs without a runtime.

use std::{future::Future, pin::Pin, task::Poll};

/// A task of a program.
pub type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Polls all of `tasks` until one of them is over, which is an end none of them comes to by itself.
///
/// # Cancellation safety
///
/// That of the tasks.
pub async fn first_of<T>(mut tasks: Vec<Task<T>>) -> T {
    std::future::poll_fn(|cx| {
        let mut polled = tasks.iter_mut().map(|task| task.as_mut().poll(cx));
        polled.find(Poll::is_ready).unwrap_or(Poll::Pending)
    })
    .await
}
