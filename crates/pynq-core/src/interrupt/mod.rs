//! The interrupt engine.

mod source;

pub use source::{Activity, InterruptSource, TaskId};
