//! PYNQ's service for files and programming.

use std::sync::{Arc, Mutex};

use tokio_stream::iter;
use tonic::{Request, Response, Status, Streaming, async_trait};

use crate::{
    board::lock,
    files::{Files, Written, too_long},
    limits,
    proto::remote_device::{
        DownloadRequest, DownloadResponse, ExistsFileRequest, ExistsFileResponse, ReadFileRequest, ReadFileResponse,
        SetBitstreamAttrsRequest, SetBitstreamAttrsResponse, SetPlClkRequest, SetPlClkResponse, ShutdownRequest,
        ShutdownResponse, WriteFileRequest, WriteFileResponse, remote_device_server::RemoteDevice,
    },
    state::{State, next_piece},
};

pub(crate) struct DeviceService {
    state: Arc<State>,
    /// What `download` programs: the file's name, and whether it is partial.
    attributes: Mutex<Option<(String, bool)>>,
}

impl DeviceService {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self { state, attributes: Mutex::default() }
    }
}

/// Pieces of a file, made when they are sent.
type Pieces = tokio_stream::Iter<Box<dyn Iterator<Item = Result<ReadFileResponse, Status>> + Send>>;

#[async_trait]
impl RemoteDevice for DeviceService {
    type readfileStream = Pieces;

    async fn set_bitstream_attrs(
        &self,
        request: Request<SetBitstreamAttrsRequest>,
    ) -> Result<Response<SetBitstreamAttrsResponse>, Status> {
        let request = request.into_inner();
        if request.binfile_name.len() > limits::PATH {
            return Err(too_long("the bitstream's name", limits::PATH));
        }
        *lock(&self.attributes) = Some((request.binfile_name, request.partial));
        Ok(Response::new(SetBitstreamAttrsResponse { status: true }))
    }

    async fn download(
        &self,
        request: Request<Streaming<DownloadRequest>>,
    ) -> Result<Response<DownloadResponse>, Status> {
        let named = lock(&self.attributes).clone();
        let (name, partial) = named
            .ok_or_else(|| Status::failed_precondition("which bitstream it is comes first: set_bitstream_attrs"))?;
        if partial {
            return Err(Status::unimplemented(
                "the simulated board can't be reconfigured partially; program all of it",
            ));
        }
        let _upload = self.state.uploads.acquire().await;
        let (mut pieces, mut content) = (request.into_inner(), Vec::new());
        while let Some(piece) = next_piece(&mut pieces).await? {
            append(&mut content, &piece.buffer, &name, limits::BITSTREAM)?;
        }
        self.state.program(&name, &content)?;
        Ok(Response::new(DownloadResponse { status: true }))
    }

    async fn set_pl_clk(&self, request: Request<SetPlClkRequest>) -> Result<Response<SetPlClkResponse>, Status> {
        let request = request.into_inner();
        let word = |value: i32| u32::try_from(value).unwrap_or(u32::MAX);
        let divisors = [word(request.div0), word(request.div1)];
        let set = self.state.board.set_clock(word(request.i), divisors, word(request.clk_mhz));
        set.map_err(Status::invalid_argument)?;
        Ok(Response::new(SetPlClkResponse { status: true }))
    }

    async fn shutdown(&self, _: Request<ShutdownRequest>) -> Result<Response<ShutdownResponse>, Status> {
        // The logic of a simulated board can be replaced at any moment.
        Ok(Response::new(ShutdownResponse { status: true }))
    }

    async fn readfile(&self, request: Request<ReadFileRequest>) -> Result<Response<Pieces>, Status> {
        let content = lock(&self.state.files).read(&request.into_inner().file_path)?;
        let starts = (0..content.len()).step_by(limits::PIECE);
        let piece = move |start: usize| {
            let end = content.len().min(start + limits::PIECE);
            Ok(ReadFileResponse { data: content.get(start..end).unwrap_or_default().to_vec() })
        };
        let pieces: Box<dyn Iterator<Item = _> + Send> = Box::new(starts.map(piece));
        Ok(Response::new(iter(pieces)))
    }

    async fn writefile(
        &self,
        request: Request<Streaming<WriteFileRequest>>,
    ) -> Result<Response<WriteFileResponse>, Status> {
        let _upload = self.state.uploads.acquire().await;
        let mut pieces = request.into_inner();
        let Some(WriteFileRequest { file_path: path, data: mut content }) = next_piece(&mut pieces).await? else {
            // An empty file has no pieces, and so not even a name.
            return Ok(Response::new(WriteFileResponse {}));
        };
        let most = Files::may_write(&path)?;
        while let Some(piece) = next_piece(&mut pieces).await? {
            if piece.file_path != path {
                return Err(Status::invalid_argument("all pieces of a file name the same file"));
            }
            append(&mut content, &piece.data, &path, most)?;
        }
        let written = lock(&self.state.files).write(&path, content)?;
        if let Written::Program { name, content } = written {
            self.state.program(&name, &content)?;
        }
        Ok(Response::new(WriteFileResponse {}))
    }

    async fn existsfile(&self, request: Request<ExistsFileRequest>) -> Result<Response<ExistsFileResponse>, Status> {
        let exists = lock(&self.state.files).exists(&request.into_inner().file_path);
        Ok(Response::new(ExistsFileResponse { exists }))
    }
}

fn append(content: &mut Vec<u8>, piece: &[u8], name: &str, most: usize) -> Result<(), Status> {
    if content.len() + piece.len() > most {
        return Err(too_long(name, most));
    }
    content.extend_from_slice(piece);
    Ok(())
}
