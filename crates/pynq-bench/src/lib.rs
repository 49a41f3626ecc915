//! Benchmarks, in the `benches` folder. Each prints ratios to a baseline of the same run.
#![forbid(unsafe_code)]
