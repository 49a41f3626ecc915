//! The conformance suite every pynq backend passes: named cases, generic over the backend.
//!
//! The interrupt engine is written once and the register functions are few; what differs from backend to backend is how
//! an interrupt gets from the hardware to the engine. This suite checks, through nothing but the engine's public waits,
//! whether a backend does that right: is a line masked when no task waits, is an event found that comes while a line is
//! being armed, does one service wake all waiting tasks, does an error reach every one of them.
//!
//! A backend's test implements two traits. A [`Backend`] sets up the hardware for a [`Topology`] (a line of an edge
//! controller, a GPIO behind two cascaded ones, a pin straight on the root), and a [`Fixture`] is the result: the nodes,
//! stimuli from the outside world, and an executor of the tasks. If a backend can't do something, it returns the reason,
//! and the case is reported as skipped with it. Then
//!
//! ```no_run
//! # fn demo(backend: &mut impl pynq_conformance::Backend) {
//! use pynq_conformance::{Selection, run};
//!
//! let mut log = String::new();
//! let report = run(backend, &Selection::all(), &mut log);
//! print!("{log}");
//! assert!(report.passed());
//! # }
//! ```
//!
//! prints one line per case and topology, and the totals:
//!
//! ```text
//! i01_masked_when_nobody_waits/edge_line: ok
//! i01_masked_when_nobody_waits/level_pin_on_root: skipped: this board has none
//! i03_quiet_level_line_blocks/mixed_level_line: FAILED: a second wait on a quiet line must block
//! 2 cases: 1 ok, 1 failed, 1 skipped
//! ```
//!
//! A case is named after the invariant it is about (`i01` to `i13`, see the project's documentation of the engine), or
//! after the block (`gpio_`, `intc_`).
//!
//! DMA buffers have a suite of their own, [`dma_buffers`]. A driver's register functions have one check, [`acknowledges`].
//!
//! # What a case may rely on
//!
//! Every case gets a fixture of its own, on which nothing waits. It raises an event, lets the fixture
//! [settle](Fixture::settle), and then looks: it never waits for time to pass, so a slow machine fails no case. The fixture
//! chooses the executor: [`Manual`] polls tasks in place, a backend may as well spawn them on a runtime or block a
//! thread on each.
//!
//! # Features
//!
//! * `std`: the suite's own cells are guarded by mutexes. Without it they are guarded by critical sections, which the
//!   application implements, and the suite needs an allocator.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod acknowledge;
mod case;
mod cases;
mod dma;
mod fixture;
mod runner;
mod sync;
mod task;
mod topology;
mod verdict;

pub use acknowledge::acknowledges;
pub use dma::{DmaBackend, dma_buffers};
pub use fixture::{Backend, Fixture, Moment, Sleep, Stimulus};
pub use runner::{Report, Selection, names, run};
pub use task::{Manual, Task};
pub use topology::{Controllers, Source, TOPOLOGIES, Topology};
pub use verdict::{Outcome, Verdict};
