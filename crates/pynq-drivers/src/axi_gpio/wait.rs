//! The future behind every wait on a pin or a slice.
//!
//! A type with a name and not an `async fn`, because it lives in the task that waits: an `async fn` around the engine's
//! future is more than twice as large.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use pynq_core::{
    BlockError, BlockName, Error,
    interrupt::{Condition, ConditionWait, NodeHandle, Wait, Waiting},
};

use super::{AxiGpioError, AxiGpioHardware, Result};

pin_project! {
    /// A wait on pins, or the reason why there is none.
    ///
    /// # Cancellation safety
    ///
    /// Dropping it at any point leaves hardware and queues as if it never was.
    #[must_use = "futures do nothing unless polled"]
    pub struct GpioWait<'a> {
        #[pin]
        inner: Inner<'a>,
    }
}

pin_project! {
    #[project = ProjectedInner]
    enum Inner<'a> {
        Waits { #[pin] wait: Waiting<ConditionWait<'a, BlockError<AxiGpioError>>> },
        Refused { error: Option<BlockError<AxiGpioError>> },
    }
}

impl<'a> GpioWait<'a> {
    pub(super) fn new(node: &'a NodeHandle<AxiGpioHardware>, line: u8, condition: Result<Condition>) -> Waiting<Self> {
        let inner = match condition {
            Ok(condition) => Inner::Waits { wait: node.wait_for(line, condition) },
            Err(error) => Inner::Refused { error: Some(error) },
        };
        Waiting::new(Self { inner })
    }
}

impl Future for GpioWait<'_> {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().inner.project() {
            ProjectedInner::Waits { wait } => wait.poll(cx).map_ok(|_| ()),
            // Returned once; a future that is polled after its end never completes again.
            ProjectedInner::Refused { error } => error.take().map_or(Poll::Pending, |error| Poll::Ready(Err(error))),
        }
    }
}

impl Wait for GpioWait<'_> {
    type Value = ();
    type Error = BlockError<AxiGpioError>;

    fn node(&self) -> Option<&NodeHandle> {
        match &self.inner {
            Inner::Waits { wait } => wait.node(),
            Inner::Refused { .. } => None,
        }
    }

    fn error(&self, error: Error) -> BlockError<AxiGpioError> {
        match &self.inner {
            Inner::Waits { wait } => wait.error(error),
            // A wait that was refused ends with its own error, before any deadline.
            Inner::Refused { error: Some(refused) } => refused.clone(),
            Inner::Refused { error: None } => BlockError::new(BlockName::NONE, error.into()),
        }
    }
}

impl fmt::Debug for GpioWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GpioWait").field("node", &self.node()).finish_non_exhaustive()
    }
}
