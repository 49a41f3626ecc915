//! What the benchmarks in the `benches` folder share: rounds that take turns, and the report of them.
//!
//! Every figure is a ratio to a baseline of the same run.
#![forbid(unsafe_code)]

mod options;
mod report;
mod rounds;

pub use options::Options;
pub use report::{Bar, Curve, Figure, Report};
pub use rounds::{Row, Rows, Spread};
