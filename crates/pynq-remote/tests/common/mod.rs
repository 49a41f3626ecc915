//! A server on a free port, and what clients do with it.
#![allow(dead_code, clippy::unwrap_used)] // each test file uses a part

use std::{net::SocketAddr, sync::mpsc, time::Duration};

use pynq::hwh::Design;
use pynq_remote::{
    Event, Server, ServerOptions,
    proto::{
        buffer::{AllocateRequest, BufferReadRequest, remote_buffer_client::RemoteBufferClient},
        interrupts::interrupts_client::InterruptsClient,
        mmio::{GetMmioRequest, ReadRequest, WriteRequest, mmio_client::MmioClient},
        remote_device::{ReadFileRequest, WriteFileRequest, remote_device_client::RemoteDeviceClient},
        simulation::{Pin, StimulateRequest, simulation_client::SimulationClient, stimulate_request::Stimulus},
    },
};
use tokio::{sync::oneshot, task::JoinHandle};
use tonic::{
    Status,
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};

/// Where the blocks of the design are.
pub(crate) const LEDS: u64 = 0x4125_0000;
pub(crate) const CONTROL: u64 = 0x4121_0000;

pub(crate) const BUTTONS: &str = include_str!("../../../pynq-hwh/fixtures/pynq-z2-buttons.hwh");

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Fixture {
    pub(crate) address: SocketAddr,
    channel: Channel,
    events: std::sync::Arc<std::sync::Mutex<mpsc::Receiver<Event>>>,
    stop: Option<oneshot::Sender<()>>,
    pub(crate) served: Option<JoinHandle<Result<(), pynq_remote::Error>>>,
}

/// Configuration data as PYNQ sends it, for no part in particular.
pub(crate) fn bitstream(content: u8) -> Vec<u8> {
    let mut bytes = vec![0xFF; 32];
    bytes.extend([0x66, 0x55, 0x99, 0xAA, content, 0, 0, 0]);
    bytes
}

impl Fixture {
    pub(crate) async fn start(options: ServerOptions) -> Self {
        Self::with_designs(vec![("base", BUTTONS)], options).await
    }

    pub(crate) async fn with_second_design(options: ServerOptions) -> Self {
        // The buttons are elsewhere in this one.
        let moved = BUTTONS.replace("0x4121", "0x4321");
        Self::with_designs(vec![("base", BUTTONS), ("moved", &moved)], options).await
    }

    async fn with_designs(designs: Vec<(&str, &str)>, options: ServerOptions) -> Self {
        let designs: Vec<_> = designs.into_iter().map(|(name, text)| (name, Design::parse(text).unwrap())).collect();
        let (sender, events) = mpsc::channel();
        let options = options.listen(([127, 0, 0, 1], 0)).on_event(move |event| {
            let _ = sender.send(event.clone());
        });
        let server = Server::simulated(designs, options).unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        let events = std::sync::Arc::new(std::sync::Mutex::new(events));
        Self { address, channel: connect(address).await, events, stop: Some(stop), served: Some(served) }
    }

    /// Another connection to the same server.
    pub(crate) async fn another_client(&self) -> Self {
        let (address, events) = (self.address, std::sync::Arc::clone(&self.events));
        Self { address, channel: connect(address).await, events, stop: None, served: None }
    }

    pub(crate) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// The next event of a kind; those before it are passed over.
    pub(crate) async fn event(&self, wanted: impl Fn(&Event) -> bool + Send + 'static) -> Event {
        let events = std::sync::Arc::clone(&self.events);
        let found = tokio::task::spawn_blocking(move || {
            let events = events.lock().unwrap();
            let begin = std::time::Instant::now();
            loop {
                let left = PATIENCE.saturating_sub(begin.elapsed());
                let event = events.recv_timeout(left).expect("the server did not tell of it");
                if wanted(&event) {
                    return event;
                }
            }
        });
        found.await.unwrap()
    }

    pub(crate) async fn device(&self) -> RemoteDeviceClient<Channel> {
        RemoteDeviceClient::new(self.channel.clone())
    }

    pub(crate) async fn mmio(&self) -> MmioClient<Channel> {
        MmioClient::new(self.channel.clone())
    }

    pub(crate) async fn buffers(&self) -> RemoteBufferClient<Channel> {
        RemoteBufferClient::new(self.channel.clone()).max_encoding_message_size(16 << 20)
    }

    pub(crate) async fn simulation(&self) -> SimulationClient<Channel> {
        SimulationClient::new(self.channel.clone())
    }

    pub(crate) async fn interrupts(&self) -> InterruptsClient<Channel> {
        InterruptsClient::new(self.channel.clone())
    }

    // ---- what PYNQ's client does in several calls

    pub(crate) async fn try_read(&self, address: u64) -> Result<u32, String> {
        let mut mmio = self.mmio().await;
        let opened = mmio.get_mmio(GetMmioRequest { base_addr: address, length: 4 }).await.unwrap().into_inner();
        let mmio_id = opened.mmio_id.ok_or_else(|| opened.msg.unwrap_or_default())?;
        let read = ReadRequest { mmio_id, length: 4, offset: 0, word_order: "little".into() };
        let answer = mmio.read(read).await.unwrap().into_inner();
        answer.data.ok_or_else(|| answer.msg.unwrap_or_default())
    }

    pub(crate) async fn read(&self, address: u64) -> u32 {
        self.try_read(address).await.unwrap()
    }

    pub(crate) async fn write(&self, address: u64, value: u32) {
        let mut mmio = self.mmio().await;
        let opened = mmio.get_mmio(GetMmioRequest { base_addr: address, length: 4 }).await.unwrap().into_inner();
        let write = WriteRequest { mmio_id: opened.mmio_id.unwrap(), offset: 0, data: value.to_le_bytes().to_vec() };
        assert_eq!(mmio.write(write).await.unwrap().into_inner().msg, None);
    }

    pub(crate) async fn write_and_read(&self, address: u64, value: u32) -> u32 {
        self.write(address, value).await;
        self.read(address).await
    }

    pub(crate) async fn read_file(&self, path: &str) -> Result<Vec<u8>, Status> {
        let request = ReadFileRequest { file_path: path.into() };
        let mut pieces = self.device().await.readfile(request).await?.into_inner();
        let mut content = Vec::new();
        while let Some(piece) = pieces.message().await? {
            content.extend(piece.data);
        }
        Ok(content)
    }

    pub(crate) async fn write_file(&self, path: &str, pieces: Vec<Vec<u8>>) -> Result<(), Status> {
        let path = path.to_owned();
        let requests = pieces.into_iter().map(move |data| WriteFileRequest { file_path: path.clone(), data });
        self.device().await.writefile(tokio_stream::iter(requests)).await.map(drop)
    }

    pub(crate) async fn program(&self, name: &str, content: u8) -> Result<(), Status> {
        self.write_file(&format!("/lib/firmware/{name}.bin"), vec![bitstream(content)]).await?;
        self.write_file("/sys/class/fpga_manager/fpga0/flags", vec![b"0".to_vec()]).await?;
        let name = format!("{name}.bin").into_bytes();
        self.write_file("/sys/class/fpga_manager/fpga0/firmware", vec![name]).await
    }

    pub(crate) async fn allocate(&self, size: i32) -> Result<String, Status> {
        let request = AllocateRequest { size, dtype: "|u1".into(), cacheable: true };
        Ok(self.buffers().await.allocate(request).await?.into_inner().buffer_id.unwrap())
    }

    pub(crate) async fn read_buffer(&self, id: &str) -> Result<Vec<u8>, Status> {
        let request = BufferReadRequest { buffer_id: id.into(), start: 0, end: 0 };
        let mut pieces = self.buffers().await.read(request).await?.into_inner();
        let mut content = Vec::new();
        while let Some(piece) = pieces.message().await? {
            content.extend(piece.data.unwrap_or_default());
        }
        Ok(content)
    }

    pub(crate) async fn press(&self, bit: u32, level: bool, delay: Duration) {
        let pin = Pin { block: "btns_gpio".into(), channel: 1, bit, level };
        let delay = u64::try_from(delay.as_nanos()).unwrap();
        let request = StimulateRequest { delay, stimulus: Some(Stimulus::Pin(pin)) };
        self.simulation().await.stimulate(request).await.unwrap();
    }

    pub(crate) async fn unknown_service(&self) -> Status {
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        client.ready().await.unwrap();
        let path = PathAndQuery::from_static("/xrfclk.Xrfclk/set_ref_clks");
        let codec = tonic_prost::ProstCodec::<(), ()>::default();
        client.unary(tonic::Request::new(()), path, codec).await.unwrap_err()
    }
}

async fn connect(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap()
}
