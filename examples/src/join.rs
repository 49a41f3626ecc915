//! Several tasks in one future, for programs without a runtime.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

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

/// Polls all of `tasks` until they are over, or one of them fails.
///
/// # Errors
///
/// The first one of a task.
///
/// # Cancellation safety
///
/// That of the tasks.
pub async fn all_of<E>(mut tasks: Vec<Task<Result<(), E>>>) -> Result<(), E> {
    std::future::poll_fn(|cx| {
        let mut failed = None;
        tasks.retain_mut(|task| match task.as_mut().poll(cx) {
            Poll::Pending => true,
            Poll::Ready(ended) => {
                failed = failed.take().or(ended.err());
                false
            }
        });
        match failed {
            Some(error) => Poll::Ready(Err(error)),
            None if tasks.is_empty() => Poll::Ready(Ok(())),
            None => Poll::Pending,
        }
    })
    .await
}

/// Runs a future on the calling thread, which sleeps in between; the least that can be called a runtime.
///
/// # Blocking
///
/// Until the future is over.
pub fn parked<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}
