//! How much a client may request. Each bound is far above what PYNQ's client needs.

use std::time::Duration;

/// Bytes of a message. PYNQ sends files and buffers in pieces of 2 MiB.
pub(crate) const MESSAGE: usize = 4 << 20;
/// Bytes of a piece that is sent.
pub(crate) const PIECE: usize = 1 << 20;
/// Bytes of the headers of a request.
pub(crate) const HEADERS: u32 = 16 << 10;
/// Bytes of a bitstream. The largest Zynq UltraScale+ has 44 MB.
pub(crate) const BITSTREAM: usize = 64 << 20;
/// Bytes of all bitstreams that are kept; the oldest makes room.
pub(crate) const BITSTREAMS: usize = 128 << 20;
/// Bytes of any other file.
pub(crate) const FILE: usize = 64 << 10;
/// Bytes of a file's path.
pub(crate) const PATH: usize = 4096;
/// Buffers of all clients.
pub(crate) const BUFFERS: usize = 4096;
/// Pins claimed by all clients.
pub(crate) const CLAIMS: usize = 4096;
/// Stimuli that are still to come.
pub(crate) const SCHEDULED: usize = 65_536;
/// How far ahead a stimulus may be.
pub(crate) const AHEAD: Duration = Duration::from_secs(24 * 3600);
/// Words of a write to registers.
pub(crate) const WORDS: usize = 256 << 10;
/// Calls of a client that are going on at once, claims among them.
pub(crate) const STREAMS: u32 = 256;
/// How long the next piece of a stream of a client may take.
pub(crate) const NEXT_PIECE: Duration = Duration::from_secs(60);
/// After this much silence the server sends a ping to a client,
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// and after this much more without an answer the client counts as gone.
pub(crate) const KEEP_ALIVE_ANSWER: Duration = Duration::from_secs(20);
/// How long a client may take to agree on keys.
#[cfg(feature = "tls")]
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);
