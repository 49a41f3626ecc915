//! PYNQ's service for memory that the logic can reach.
//!
//! A buffer lives until its client frees it. PYNQ's client may lose its connection and come back, so that a buffer is not
//! freed with the connection it was made on; but it is the first to go when there is no room for another.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use pynq::core::dma::{Direction, DmaError, DmaRegion};
use tokio_stream::iter;
use tonic::{Request, Response, Status, Streaming, async_trait};

use crate::{
    board::{BoardBuffer, lock},
    limits,
    proto::buffer::{
        AddressRequest, AddressResponse, AllocateRequest, AllocateResponse, BufferReadRequest, BufferReadResponse,
        BufferWriteRequest, BufferWriteResponse, CacheableRequest, CacheableResponse, FlushRequest, FlushResponse,
        FreeBufferRequest, FreeBufferResponse, InvalidateRequest, InvalidateResponse,
        remote_buffer_server::RemoteBuffer,
    },
    state::{Peer, State, next_piece},
};

/// A buffer, and the connection it was made on.
struct Entry {
    buffer: Arc<Mutex<BoardBuffer>>,
    owner: Weak<()>,
    cacheable: bool,
}

pub(crate) struct BufferService {
    state: Arc<State>,
    entries: Mutex<HashMap<String, Entry>>,
    next: AtomicU64,
}

impl BufferService {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self { state, entries: Mutex::default(), next: AtomicU64::new(1) }
    }

    fn find(&self, id: &str) -> Result<Arc<Mutex<BoardBuffer>>, Status> {
        let entries = lock(&self.entries);
        entries.get(id).map(|entry| Arc::clone(&entry.buffer)).ok_or_else(missing)
    }

    /// Makes a buffer, at the cost of those whose clients are gone if there is no room.
    fn make(&self, size: usize) -> Result<BoardBuffer, Status> {
        let attempt = || {
            if lock(&self.entries).len() >= limits::BUFFERS {
                return Err(DmaError::NoMemory { size });
            }
            self.state.board.allocate(size)
        };
        let made = attempt().or_else(|error| {
            lock(&self.entries).retain(|_, entry| entry.owner.strong_count() > 0);
            attempt().map_err(|_| error)
        });
        made.map_err(|error| Status::resource_exhausted(format!("{error}; free a buffer first")))
    }
}

fn missing() -> Status {
    Status::not_found("no such buffer; it was freed, or never allocated")
}

/// An error of an access to a buffer.
fn refused(error: DmaError) -> Status {
    Status::out_of_range(error.to_string())
}

/// The bytes that a request means: both ends 0 is all of it.
fn range(start: i32, end: i32, size: usize) -> Result<Range<usize>, Status> {
    let at = |value: i32| usize::try_from(value).ok();
    let range = match (at(start), at(end)) {
        (Some(start), Some(0)) => start..size,
        (Some(start), Some(end)) => start..end,
        _ => size + 1..0,
    };
    if range.start > range.end || range.end > size {
        return Err(Status::out_of_range(format!("bytes {start} to {end} are not of a buffer of {size} bytes")));
    }
    Ok(range)
}

/// Pieces of a buffer, made when they are sent.
type Pieces = tokio_stream::Iter<Box<dyn Iterator<Item = Result<BufferReadResponse, Status>> + Send>>;

#[async_trait]
impl RemoteBuffer for BufferService {
    type readStream = Pieces;

    async fn allocate(&self, request: Request<AllocateRequest>) -> Result<Response<AllocateResponse>, Status> {
        let owner = Peer::of(&request);
        let AllocateRequest { size, cacheable, .. } = request.into_inner();
        let bytes = usize::try_from(size).ok().filter(|&size| size > 0);
        let bytes = bytes.ok_or_else(|| Status::invalid_argument(format!("a buffer can't have {size} bytes")))?;
        let buffer = Arc::new(Mutex::new(self.make(bytes)?));
        let id = format!("buffer{}", self.next.fetch_add(1, Ordering::Relaxed));
        lock(&self.entries).insert(id.clone(), Entry { buffer, owner, cacheable });
        Ok(Response::new(AllocateResponse { msg: None, buffer_id: Some(id) }))
    }

    async fn write(
        &self,
        request: Request<Streaming<BufferWriteRequest>>,
    ) -> Result<Response<BufferWriteResponse>, Status> {
        let mut pieces = request.into_inner();
        let mut position = 0;
        while let Some(piece) = next_piece(&mut pieces).await? {
            let buffer = self.find(&piece.buffer_id)?;
            let mut buffer = lock(&buffer);
            let named = range(piece.start, piece.end, buffer.size())?;
            if piece.start != 0 || piece.end != 0 {
                position = named.start;
            }
            if piece.end != 0 && named.len() != piece.data.len() {
                let (bytes, wanted) = (piece.data.len(), named.len());
                return Err(Status::invalid_argument(format!("{bytes} bytes for a range of {wanted}")));
            }
            buffer.copy_in(position, &piece.data).map_err(refused)?;
            position += piece.data.len();
        }
        Ok(Response::new(BufferWriteResponse { msg: None }))
    }

    async fn read(&self, request: Request<BufferReadRequest>) -> Result<Response<Pieces>, Status> {
        let BufferReadRequest { buffer_id, start, end } = request.into_inner();
        let buffer = self.find(&buffer_id)?;
        let range = range(start, end, lock(&buffer).size())?;
        let end = range.end;
        let piece = move |start: usize| {
            let mut data = vec![0; limits::PIECE.min(end - start)];
            lock(&buffer).copy_out(start, &mut data).map_err(refused)?;
            Ok(BufferReadResponse { msg: None, data: Some(data) })
        };
        let pieces: Box<dyn Iterator<Item = _> + Send> = Box::new(range.step_by(limits::PIECE).map(piece));
        Ok(Response::new(iter(pieces)))
    }

    async fn freebuffer(&self, request: Request<FreeBufferRequest>) -> Result<Response<FreeBufferResponse>, Status> {
        let removed = lock(&self.entries).remove(&request.into_inner().buffer_id);
        drop(removed.ok_or_else(missing)?);
        Ok(Response::new(FreeBufferResponse { msg: None }))
    }

    async fn flush(&self, request: Request<FlushRequest>) -> Result<Response<FlushResponse>, Status> {
        let buffer = self.find(&request.into_inner().buffer_id)?;
        let mut buffer = lock(&buffer);
        let size = buffer.size();
        buffer.sync_for_device(0..size, Direction::Bidirectional).map_err(refused)?;
        Ok(Response::new(FlushResponse { msg: None }))
    }

    async fn invalidate(&self, request: Request<InvalidateRequest>) -> Result<Response<InvalidateResponse>, Status> {
        let buffer = self.find(&request.into_inner().buffer_id)?;
        let mut buffer = lock(&buffer);
        let size = buffer.size();
        buffer.sync_for_cpu(0..size, Direction::FromDevice).map_err(refused)?;
        Ok(Response::new(InvalidateResponse { msg: None }))
    }

    async fn physical_address(&self, request: Request<AddressRequest>) -> Result<Response<AddressResponse>, Status> {
        let buffer = self.find(&request.into_inner().buffer_id)?;
        let address = lock(&buffer).physical_address();
        Ok(Response::new(AddressResponse { msg: None, address: Some(address) }))
    }

    async fn virtual_address(&self, request: Request<AddressRequest>) -> Result<Response<AddressResponse>, Status> {
        // No process on the simulated board has it mapped.
        self.physical_address(request).await
    }

    async fn cacheable(&self, request: Request<CacheableRequest>) -> Result<Response<CacheableResponse>, Status> {
        let id = request.into_inner().buffer_id;
        let cacheable = lock(&self.entries).get(&id).map(|entry| entry.cacheable).ok_or_else(missing)?;
        Ok(Response::new(CacheableResponse { msg: None, cacheable: Some(cacheable) }))
    }
}
