//! Several futures at once, without an executor and without an allocator.

use core::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

/// Polls all of them whenever one was woken, until all are done.
pub async fn all<F: Future<Output = ()> + ?Sized, const N: usize>(mut futures: [Pin<&mut F>; N]) {
    let mut done = [false; N];
    poll_fn(|cx| {
        for (future, done) in futures.iter_mut().zip(&mut done) {
            *done = *done || future.as_mut().poll(cx).is_ready();
        }
        if done.iter().all(|done| *done) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
