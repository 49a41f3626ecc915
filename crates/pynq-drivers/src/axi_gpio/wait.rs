//! The future behind every wait on a pin or a slice.
//!
//! A type with a name and not an `async fn`, because it lives in the task that waits: an `async fn` around the engine's
//! future is more than twice as large.

use core::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use pynq_core::{
    Error, Instant,
    interrupt::{Condition, Fired, NodeHandle, WaitFor, WithDeadline, with_deadline},
};

use super::AxiGpioError;

pin_project! {
    /// A wait on pins, or the reason why there is none.
    ///
    /// `F` is the engine's future, with or without a deadline.
    ///
    /// # Cancellation safety
    ///
    /// Dropping it at any point leaves hardware and queues as if it never was.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct GpioWait<F> {
        #[pin]
        inner: Inner<F>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = ProjectedInner]
    enum Inner<F> {
        Waits { #[pin] wait: F },
        Refused { error: AxiGpioError },
    }
}

impl<F> GpioWait<F> {
    fn new(wait: Result<F, AxiGpioError>) -> Self {
        let inner = match wait {
            Ok(wait) => Inner::Waits { wait },
            Err(error) => Inner::Refused { error },
        };
        Self { inner }
    }
}

impl<F: Future<Output = Result<Fired, Error>>> Future for GpioWait<F> {
    type Output = Result<(), AxiGpioError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().inner.project() {
            ProjectedInner::Waits { wait } => wait.poll(cx).map_ok(|_| ()).map_err(AxiGpioError::Node),
            ProjectedInner::Refused { error } => Poll::Ready(Err(*error)),
        }
    }
}

/// What is to be waited for, once it is known that this can be done: each form of a wait is made of it.
pub(super) struct Wanted<'a, H> {
    pub(super) node: &'a H,
    pub(super) line: u8,
    pub(super) condition: Result<Condition, AxiGpioError>,
}

impl<'a, H: NodeHandle> Wanted<'a, H> {
    fn wait(self) -> Result<WaitFor<'a, H>, AxiGpioError> {
        Ok(WaitFor::new(self.node, self.line, self.condition?))
    }

    pub(super) fn into_future(self) -> GpioWait<WaitFor<'a, H>> {
        GpioWait::new(self.wait())
    }

    pub(super) fn into_future_until<D>(self, deadline: D) -> GpioWait<WithDeadline<WaitFor<'a, H>, D>> {
        GpioWait::new(self.wait().map(|wait| with_deadline(wait, deadline)))
    }

    pub(super) fn block(self, deadline: Option<Instant>) -> Result<(), AxiGpioError> {
        self.wait()?.wait(deadline)?;
        Ok(())
    }
}
