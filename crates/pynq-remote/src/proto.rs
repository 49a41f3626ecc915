//! The messages and services, as the files in `proto` define them: for clients in Rust.
//!
//! The modules of PYNQ's own services have the names of its packages.

/// Files and programming.
pub mod remote_device {
    #![allow(missing_docs, non_camel_case_types, unreachable_pub, clippy::all, clippy::pedantic)]
    include!("generated/remote_device.rs");
}

/// Registers.
pub mod mmio {
    #![allow(missing_docs, non_camel_case_types, unreachable_pub, clippy::all, clippy::pedantic)]
    include!("generated/mmio.rs");
}

/// Memory that the logic can reach.
pub mod buffer {
    #![allow(missing_docs, non_camel_case_types, unreachable_pub, clippy::all, clippy::pedantic)]
    include!("generated/buffer.rs");
}

/// The processor's GPIO.
pub mod gpio {
    #![allow(missing_docs, non_camel_case_types, unreachable_pub, clippy::all, clippy::pedantic)]
    include!("generated/gpio.rs");
}

/// Interrupts: a service of our own.
pub mod interrupts {
    #![allow(missing_docs, non_camel_case_types, unreachable_pub, clippy::all, clippy::pedantic)]
    include!("generated/pynq_rs.interrupts.rs");
}

/// The outside of a simulated board: a service of our own.
pub mod simulation {
    #![allow(missing_docs, non_camel_case_types, unreachable_pub, clippy::all, clippy::pedantic)]
    include!("generated/pynq_rs.simulation.rs");
}
