//! PYNQ's service for registers.
//!
//! A window's id is its address and length: PYNQ's client opens windows without end and never closes one, so that the
//! server keeps nothing of them. Like a window of `/dev/mem` it outlives the design it was opened on.

use std::sync::Arc;

use tonic::{Request, Response, Status, async_trait};

use crate::{
    limits,
    proto::mmio::{
        GetMmioRequest, GetMmioResponse, ReadRequest, ReadResponse, WriteRequest, WriteResponse, mmio_server::Mmio,
    },
    state::State,
};

pub(crate) struct MmioService {
    state: Arc<State>,
}

impl MmioService {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self { state }
    }

    fn get(&self, request: &GetMmioRequest) -> Result<String, String> {
        let GetMmioRequest { base_addr, length } = *request;
        // The client's windows may end within a word.
        let length = length.checked_next_multiple_of(4).unwrap_or(u64::MAX);
        self.state.board.check_window(base_addr, length).map_err(|error| error.to_string())?;
        Ok(format!("{base_addr:#x}+{length:#x}"))
    }

    fn read_word(&self, request: &ReadRequest) -> Result<u32, String> {
        if ![1, 2, 4, 8].contains(&request.length) {
            return Err(format!("{} bytes can't be read at once; read 1, 2, 4 or 8", request.length));
        }
        // Clients request 8 bytes and take one word, since the answer has room for no more; so a word has to be there.
        let address = address(&request.mmio_id, request.offset, request.length.min(4))?;
        let value = self.state.board.read(address).map_err(|error| error.to_string())?;
        Ok(match request.length {
            1 => value & 0xFF,
            2 => value & 0xFFFF,
            _ => value,
        })
    }

    fn write_words(&self, request: &WriteRequest) -> Result<(), String> {
        let length = request.data.len();
        if length == 0 || length % 4 != 0 || length / 4 > limits::WORDS {
            return Err(format!(
                "{length} bytes can't be written at once; write whole words, at most {}",
                limits::WORDS
            ));
        }
        let address = address(&request.mmio_id, request.offset, request.data.len() as u64)?;
        let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap_or_default());
        let words: Vec<u32> = request.data.chunks_exact(4).map(word).collect();
        self.state.board.write(address, &words).map_err(|error| error.to_string())
    }
}

/// The address of `length` bytes at `offset` of a window.
fn address(id: &str, offset: u64, length: u64) -> Result<u64, String> {
    let number = |text: &str| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    let window = id.split_once('+').and_then(|(base, size)| Some((number(base)?, number(size)?)));
    let (base, size) = window.ok_or("no such window; the id comes from get_mmio")?;
    let inside = offset.checked_add(length).is_some_and(|end| end <= size) && offset % 4 == 0;
    let address = base.checked_add(offset).filter(|_| inside);
    address.ok_or_else(|| format!("{length} bytes at offset {offset:#x} are not words of a window of {size:#x} bytes"))
}

#[async_trait]
impl Mmio for MmioService {
    async fn get_mmio(&self, request: Request<GetMmioRequest>) -> Result<Response<GetMmioResponse>, Status> {
        let (msg, mmio_id) = apart(self.get(&request.into_inner()));
        Ok(Response::new(GetMmioResponse { status: msg.is_none(), msg, mmio_id }))
    }

    async fn read(&self, request: Request<ReadRequest>) -> Result<Response<ReadResponse>, Status> {
        let (msg, data) = apart(self.read_word(&request.into_inner()));
        Ok(Response::new(ReadResponse { status: msg.is_none(), msg, data }))
    }

    async fn write(&self, request: Request<WriteRequest>) -> Result<Response<WriteResponse>, Status> {
        let (msg, _) = apart(self.write_words(&request.into_inner()));
        Ok(Response::new(WriteResponse { status: msg.is_none(), msg }))
    }
}

/// Message and value, of which one is there. PYNQ's client makes an exception of the message.
fn apart<T>(result: Result<T, String>) -> (Option<String>, Option<T>) {
    match result {
        Ok(value) => (None, Some(value)),
        Err(message) => (Some(message), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_apart_and_nothing_else_is() {
        assert_eq!(address("0x41200000+0x10000", 8, 4), Ok(0x4120_0008));
        assert_eq!(address("0x41200000+0x10000", 0xFFFC, 4), Ok(0x4120_FFFC));
        for (id, offset, length) in [
            ("0x41200000+0x10000", 0xFFFC, 8),
            ("0x41200000+0x10000", 2, 4),
            ("0x41200000+0x10000", u64::MAX - 3, 4),
            ("0xffffffffffffff00+0xffffffffffffffff", 0x1000, 4),
            ("41200000+10000", 0, 4),
            ("0x41200000", 0, 4),
            ("0x+0x", 0, 4),
            ("", 0, 4),
        ] {
            assert!(address(id, offset, length).is_err(), "{id:?} {offset:#x}");
        }
    }
}
