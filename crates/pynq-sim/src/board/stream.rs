//! Streams: packets from outside, and what can be wrong with one.

use alloc::vec::Vec;

use super::Board;
use crate::{
    device::{Burst, Message, Stream},
    error::Error,
    fabric::{Stimulus, StreamFault},
};

/// Streams.
impl Board {
    /// Lets a packet come in at a stream interface that takes everything: the port `feed` of a
    /// [`StreamSource`](crate::parts::StreamSource), as `path/feed`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`], [`Error::NoSuchPort`], or [`Error::OtherInterface`] if it is no stream.
    pub fn send_packet(&self, port: &str, bytes: &[u8]) -> Result<(), Error> {
        let burst = Burst { data: Vec::from(bytes), last: true, user: 0 };
        self.stimulate(&Stimulus::Message { port: port.into(), message: Message::Stream(Stream::Burst(burst)) })
    }

    /// Fault: something is wrong with a stream. `port` is the interface that sends, as `path/port`.
    ///
    /// # Errors
    ///
    /// As [`send_packet`](Self::send_packet).
    pub fn stream_fault(&self, port: &str, fault: StreamFault) -> Result<(), Error> {
        self.shared().act(|state| state.fabric.stream_fault(port, fault))
    }
}
