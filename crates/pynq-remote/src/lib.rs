//! PYNQ's own Python client on a simulated board: the services of PYNQ.remote, and interrupts, which it lacks.
//!
//! PYNQ 3.1 and 4.0 can talk to a board elsewhere over gRPC. A [`Server`] answers that protocol for a board that is
//! simulated from its handoff file, so that the programs and notebooks of PYNQ's users run with no board. `pynq serve` is
//! this crate as a command; the Python module in `python/` brings interrupts to PYNQ's client.
//!
//! ```
//! use pynq::hwh::Design;
//! use pynq_remote::{Server, ServerOptions};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/pynq-z2-buttons.hwh"));
//! let design = Design::parse(text)?; // or Design::read("base.hwh")
//! let options = ServerOptions::default().listen(([127, 0, 0, 1], 0)); // or leave it at PYNQ's port
//! let server = Server::simulated([("base", design)], options)?;
//! println!("PYNQ_REMOTE_DEVICES={}", server.local_addr().ip());
//! server.run(async { /* until Ctrl-C, say */ }).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a client can reach
//!
//! The board, and nothing of the machine it is simulated on. Files are in memory, and are those that the protocol needs.
//! Messages, buffers, files, claims and connections are bounded, and a client that dies leaves nothing behind. Without
//! other options the server listens on the loopback interface only. PYNQ's own client sends neither a token nor speaks TLS;
//! the Python module makes it.
//!
//! # Time
//!
//! The board's clock keeps pace with the machine's: the board cannot see what a client in another process is about to do.
//!
//! # Features
//!
//! `tls` is TLS for connections. It needs a C compiler to build.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod board;
mod error;
mod files;
mod incoming;
mod limits;
mod options;
mod processor;
pub mod proto;
mod server;
mod service;
mod state;

pub use error::Error;
pub use options::{ServerOptions, Warning};
pub use server::Server;
pub use state::Event;
