//! Binds pynq to tokio: timers, deadlines and blocking work.
//!
//! Interrupts need none of this: a wait is a future that any runtime can poll. What differs from runtime to runtime is
//! time, and where blocking work may run.
//!
//! ```
//! use std::time::Duration;
//! use pynq_core::{Clock, interrupt::with_deadline};
//! use pynq_tokio::{TokioClock, blocking};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), pynq_tokio::Error> {
//! let clock = TokioClock::new()?;
//! let never = std::future::pending::<Result<(), pynq_core::Error>>();
//! let given_up = with_deadline(never, clock.sleep(Duration::from_millis(5))).await;
//! assert_eq!(given_up, Err(pynq_core::Error::TimedOut));
//!
//! let sum = blocking(|| (1..=10).sum::<u32>()).await?; // a blocking wait, say
//! assert_eq!(sum, 55);
//! # Ok(())
//! # }
//! ```
//!
//! A simulated board in real-time mode sleeps on the same clock: `board.run_with(|left| clock.sleep(left))`.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]

mod blocking;
mod clock;
mod error;
#[cfg(all(feature = "uio", target_os = "linux"))]
#[cfg_attr(docsrs, doc(cfg(feature = "uio")))]
mod reactor;

pub use blocking::{blocking, in_context};
pub use clock::{Sleep, TokioClock};
pub use error::Error;
#[cfg(all(feature = "uio", target_os = "linux"))]
pub use reactor::TokioReactor;
