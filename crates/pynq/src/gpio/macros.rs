//! What the handles have in common, written once.

/// Operations of the generic driver under the same names, with the block's name in their errors.
macro_rules! forward {
    ($($(#[$meta:meta])* fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {$(
        $(#[$meta])*
        ///
        /// # Errors
        ///
        /// [`Error::Gpio`](crate::Error::Gpio): the design allows no such thing, or the block can't be used any more.
        pub fn $name(&self $(, $argument: $type)*) -> $crate::Result<$result> {
            self.place.named(self.inner.$name($($argument),*))
        }
    )*};
}

/// The waits of something on one pin.
macro_rules! pin_waits {
    () => {
        /// Waits until it has the level `level`; not at all if it has it already.
        ///
        /// # Errors
        ///
        /// [`Error::Gpio`](crate::Error::Gpio): with `InterruptsUnavailable` if the block has no interrupt or it is not
        /// wired, with `OutputsOnly` if nothing is sampled, or with what else a wait can meet.
        ///
        /// # Cancellation safety
        ///
        /// Dropping the future at any point leaves the hardware as if it never was.
        pub async fn wait_for_level_async(&self, level: Level) -> Result<()> {
            self.place.named(self.inner.wait_for_level_async(level).await)
        }

        /// As [`wait_for_level_async`](Self::wait_for_level_async), but gives up at `deadline`, a time of the board's
        /// clock. If both are there, the level wins.
        ///
        /// # Errors
        ///
        /// With `TimedOut`; else as without a deadline.
        ///
        /// # Cancellation safety
        ///
        /// As without a deadline.
        pub async fn wait_for_level_until_async(&self, level: Level, deadline: Instant) -> Result<()> {
            let sleep = self.place.sleep_until(deadline);
            self.place.named(self.inner.wait_for_level_until_async(level, sleep).await)
        }

        /// The blocking twin of [`wait_for_level_async`](Self::wait_for_level_async).
        ///
        /// # Blocking
        ///
        /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
        ///
        /// # Errors
        ///
        /// As the async form, and with `NeverWoken` on a simulated board on which nothing more can happen.
        pub fn wait_for_level(&self, level: Level) -> Result<()> {
            self.place.named(self.inner.wait_for_level(level))
        }

        /// As [`wait_for_level`](Self::wait_for_level), but gives up at `deadline`, a time of the board's clock.
        ///
        /// # Blocking
        ///
        /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
        ///
        /// # Errors
        ///
        /// With `TimedOut`; else as without a deadline.
        pub fn wait_for_level_until(&self, level: Level, deadline: Instant) -> Result<()> {
            self.place.named(self.inner.wait_for_level_until(level, deadline))
        }

        /// Waits for an edge, from its first poll on. One that is taken back before it is served is not seen.
        ///
        /// # Errors
        ///
        /// As [`wait_for_level_async`](Self::wait_for_level_async).
        ///
        /// # Cancellation safety
        ///
        /// Dropping the future at any point leaves the hardware as if it never was. An edge that came meanwhile is not
        /// remembered; [`changes`](Self::changes) is for who must not miss one between two waits.
        pub async fn wait_for_edge_async(&self, edge: Edge) -> Result<()> {
            self.place.named(self.inner.wait_for_edge_async(edge).await)
        }

        /// As [`wait_for_edge_async`](Self::wait_for_edge_async), but gives up at `deadline`, a time of the board's clock.
        /// If both are there, the edge wins.
        ///
        /// # Errors
        ///
        /// With `TimedOut`; else as without a deadline.
        ///
        /// # Cancellation safety
        ///
        /// As without a deadline.
        pub async fn wait_for_edge_until_async(&self, edge: Edge, deadline: Instant) -> Result<()> {
            let sleep = self.place.sleep_until(deadline);
            self.place.named(self.inner.wait_for_edge_until_async(edge, sleep).await)
        }

        /// The blocking twin of [`wait_for_edge_async`](Self::wait_for_edge_async).
        ///
        /// # Blocking
        ///
        /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
        ///
        /// # Errors
        ///
        /// As the async form, and with `NeverWoken` on a simulated board on which nothing more can happen.
        pub fn wait_for_edge(&self, edge: Edge) -> Result<()> {
            self.place.named(self.inner.wait_for_edge(edge))
        }

        /// As [`wait_for_edge`](Self::wait_for_edge), but gives up at `deadline`, a time of the board's clock.
        ///
        /// # Blocking
        ///
        /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
        ///
        /// # Errors
        ///
        /// With `TimedOut`; else as without a deadline.
        pub fn wait_for_edge_until(&self, edge: Edge, deadline: Instant) -> Result<()> {
            self.place.named(self.inner.wait_for_edge_until(edge, deadline))
        }
    };
}

/// The input traits of embedded-hal and embedded-hal-async.
macro_rules! input_traits {
    ($type:ident) => {
        impl embedded_hal::digital::InputPin for $type {
            fn is_high(&mut self) -> Result<bool> {
                Ok(self.read()?.is_high())
            }

            fn is_low(&mut self) -> Result<bool> {
                Ok(!self.read()?.is_high())
            }
        }

        /// Cancel-safe, as the inherent waits are.
        impl embedded_hal_async::digital::Wait for $type {
            async fn wait_for_high(&mut self) -> Result<()> {
                self.wait_for_level_async(Level::High).await
            }

            async fn wait_for_low(&mut self) -> Result<()> {
                self.wait_for_level_async(Level::Low).await
            }

            async fn wait_for_rising_edge(&mut self) -> Result<()> {
                self.wait_for_edge_async(Edge::Rising).await
            }

            async fn wait_for_falling_edge(&mut self) -> Result<()> {
                self.wait_for_edge_async(Edge::Falling).await
            }

            async fn wait_for_any_edge(&mut self) -> Result<()> {
                self.wait_for_edge_async(Edge::Any).await
            }
        }
    };
}

/// What every handle has: its traits' error, the block it belongs to, and a readable form.
macro_rules! handle {
    ($type:ident) => {
        impl embedded_hal::digital::ErrorType for $type {
            type Error = $crate::Error;
        }

        impl $type {
            /// The block it belongs to.
            #[must_use]
            pub fn path(&self) -> &str {
                self.place.path()
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type)).field("path", &self.path()).field("inner", &self.inner).finish()
            }
        }
    };
}

pub(super) use {forward, handle, input_traits, pin_waits};
