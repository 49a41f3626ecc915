//! Buttons and switches: pins that somebody moves by hand.

use pynq_core::Instant;
use pynq_drivers::{Edge, Level};

use super::{
    GpioNode, Pin, Place,
    macros::{forward, handle, input_traits, pin_waits},
};
use crate::{Interrupt, Result};

macro_rules! input {
    ($(#[$meta:meta])* $name:ident, $(#[$active_meta:meta])* $active:ident) => {
        $(#[$meta])*
        ///
        /// Clones are handles on the same one, and any number of tasks may wait on it. Also an
        /// [`InputPin`](embedded_hal::digital::InputPin) and a [`Wait`](embedded_hal_async::digital::Wait).
        #[derive(Clone)]
        pub struct $name {
            inner: pynq_drivers::$name<GpioNode>,
            place: Place,
        }

        handle!($name);
        input_traits!($name);

        impl $name {
            /// What is on `pin`, which is made an input if it can be either.
            ///
            /// # Errors
            ///
            /// [`Error::Gpio`](crate::Error::Gpio) with `OutputsOnly`, or if the block can't be used any more.
            pub fn new(pin: Pin) -> Result<Self> {
                let inner = pin.place.named(pynq_drivers::$name::new(pin.inner))?;
                Ok(Self { inner, place: pin.place })
            }

            forward! {
                $(#[$active_meta])*
                fn $active() -> bool;
                /// The level of its pin.
                fn read() -> Level;
            }

            pin_waits!();

            /// A handle whose interrupt is a net change since it last looked; see [`Slice::changes`](crate::Slice::changes).
            ///
            /// # Errors
            ///
            /// As [`Slice::changes`](crate::Slice::changes).
            pub fn changes(&self) -> Result<Interrupt> {
                self.pin().changes()
            }

            /// Its pin.
            #[must_use]
            pub fn pin(&self) -> Pin {
                Pin { inner: self.inner.pin().clone(), place: self.place.clone() }
            }
        }
    };
}

input! {
    /// A push button. It reads high while it is pressed.
    Button,
    /// Whether it is pressed.
    is_pressed
}

input! {
    /// A slide switch. It reads high while it is on.
    Switch,
    /// Whether it is on.
    is_on
}
