//! The errors of drivers: an enum, with a message for each variant beside it.

/// Defines the errors of a driver's operations: an enum of the variants listed, each with its message, and `Node`, the
/// engine's error, which a wait can end with.
///
/// A message is a format string, with its arguments in parentheses if it has any; the fields of the variant can be named
/// in both. It says what was asked
/// for, what was found and what to do; the block's name comes before it ([`BlockError`](crate::BlockError)). The enum is
/// `Copy`, `#[non_exhaustive]`, and has [`Display`](core::fmt::Display), [`Error`](core::error::Error),
/// [`DriverError`](crate::DriverError) and `From<`[`Error`](crate::Error)`>`.
///
/// ```
/// use pynq_core::{BlockError, DriverError, Error, driver_error};
///
/// driver_error! {
///     /// Why an operation on a pulse counter failed.
///     pub enum CounterError {
///         /// It was asked to count to nothing.
///         Nothing => "a threshold of 0 is never reached; give 1 or more",
///         /// A threshold that its register can't hold.
///         TooMany {
///             /// The pulses asked for.
///             pulses: u32,
///         } => ("{pulses} are too many; count to {} at most", u16::MAX),
///     }
/// }
///
/// let error = BlockError::new("counter".into(), CounterError::TooMany { pulses: 70_000 });
/// assert_eq!(error.to_string(), "`counter`: 70000 are too many; count to 65535 at most");
/// assert_eq!(CounterError::from(Error::TimedOut).engine(), Some(Error::TimedOut));
/// ```
#[macro_export]
macro_rules! driver_error {
    (
        $(#[$meta:meta])*
        $visibility:vis enum $name:ident {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident $({ $($(#[$field_meta:meta])* $field:ident: $type:ty),+ $(,)? })?
                    => $message:tt
            ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        $visibility enum $name {
            $(
                $(#[$variant_meta])*
                $variant $({ $($(#[$field_meta])* $field: $type),+ })?,
            )+
            /// The block, or its interrupt, can't be used.
            Node($crate::Error),
        }

        impl ::core::fmt::Display for $name {
            #[allow(unused_variables)] // a message need not name every field
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match *self {
                    $(
                        Self::$variant $({ $($field),+ })? => $crate::__write_message!(f, $message),
                    )+
                    Self::Node(ref error) => ::core::fmt::Display::fmt(error, f),
                }
            }
        }

        impl ::core::error::Error for $name {}

        $crate::__engine_error!($name);

        impl ::core::convert::From<$crate::Error> for $name {
            fn from(error: $crate::Error) -> Self {
                Self::Node(error)
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __write_message {
    ($f:ident, ($($message:tt)*)) => {
        ::core::write!($f, $($message)*)
    };
    ($f:ident, $message:literal) => {
        ::core::write!($f, $message)
    };
}

/// A macro of its own, since the model checker's build has no drivers and a `cfg` in a macro is that of the crate it is used in.
#[cfg(not(loom))]
#[doc(hidden)]
#[macro_export]
macro_rules! __engine_error {
    ($name:ident) => {
        impl $crate::DriverError for $name {
            fn engine(&self) -> ::core::option::Option<$crate::Error> {
                match *self {
                    Self::Node(error) => ::core::option::Option::Some(error),
                    _ => ::core::option::Option::None,
                }
            }
        }
    };
}

#[cfg(loom)]
#[doc(hidden)]
#[macro_export]
macro_rules! __engine_error {
    ($name:ident) => {};
}
