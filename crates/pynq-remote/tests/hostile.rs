//! Clients that are many, slow or hostile: what they can cost is bounded, and the board goes on for the others.
//!
//! `PYNQ_REMOTE_CASES` sets how many requests are made up, for a long run.

#![allow(clippy::unwrap_used)]

mod common;

use std::{
    panic,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use common::{CONTROL, Fixture, LEDS, bitstream};
use prost::{
    Message,
    bytes::{Buf, BufMut},
};
use pynq_remote::{
    ServerOptions,
    proto::{
        buffer::{AddressRequest, AllocateRequest, BufferReadRequest, BufferWriteRequest},
        gpio::{GetGpioRequest, GpioReadRequest, GpioWriteRequest},
        interrupts::{Cancel, Claim, ClaimRequest, Wait, claim_request::Request as Ask},
        mmio::{GetMmioRequest, ReadRequest, WriteRequest},
        remote_device::{ReadFileRequest, SetPlClkRequest, WriteFileRequest},
        simulation::{Pin, StimulateRequest, stimulate_request::Stimulus},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};

const PATIENCE: Duration = Duration::from_secs(60);
/// How long a call may be left open that waits for something: an answer of a claim, say.
const LOOK: Duration = Duration::from_millis(5);

/// Panics in this process. One in a task of the server is seen by its client as an end of the call, and nowhere else.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICS.fetch_add(1, Ordering::Relaxed);
            before(info);
        }));
    });
}

/// Bytes as they are: neither side's idea of a message.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = usize;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = usize;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<usize>, Status> {
        let length = buffer.remaining();
        buffer.advance(length);
        Ok(Some(length))
    }
}

/// Numbers that are the same in every run (xorshift64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(most).unwrap()).unwrap()
    }
}

/// Every call of the protocol.
const CALLS: [&str; 29] = [
    "/buffer.RemoteBuffer/allocate",
    "/buffer.RemoteBuffer/write",
    "/buffer.RemoteBuffer/read",
    "/buffer.RemoteBuffer/freebuffer",
    "/buffer.RemoteBuffer/flush",
    "/buffer.RemoteBuffer/invalidate",
    "/buffer.RemoteBuffer/physical_address",
    "/buffer.RemoteBuffer/virtual_address",
    "/buffer.RemoteBuffer/cacheable",
    "/gpio.Gpio/get_gpio",
    "/gpio.Gpio/read",
    "/gpio.Gpio/write",
    "/gpio.Gpio/unexport",
    "/gpio.Gpio/is_exported",
    "/gpio.Gpio/get_gpio_base_path",
    "/gpio.Gpio/get_gpio_npins",
    "/pynq_rs.interrupts.Interrupts/pins",
    "/pynq_rs.interrupts.Interrupts/claim",
    "/mmio.Mmio/get_mmio",
    "/mmio.Mmio/read",
    "/mmio.Mmio/write",
    "/remote_device.RemoteDevice/set_bitstream_attrs",
    "/remote_device.RemoteDevice/download",
    "/remote_device.RemoteDevice/set_pl_clk",
    "/remote_device.RemoteDevice/readfile",
    "/remote_device.RemoteDevice/writefile",
    "/remote_device.RemoteDevice/existsfile",
    "/pynq_rs.simulation.Simulation/stimulate",
    "/pynq_rs.simulation.Simulation/output",
];

/// Messages that some call takes, to be changed.
fn messages() -> Vec<Vec<u8>> {
    let pin = Pin { block: "btns_gpio".into(), channel: 1, bit: 0, level: true };
    let path = "/sys/class/fpga_manager/fpga0/firmware".to_owned();
    let claim = |request| ClaimRequest { request: Some(request) }.encode_to_vec();
    vec![
        AllocateRequest { size: 4096, dtype: "|u1".into(), cacheable: true }.encode_to_vec(),
        AllocateRequest { size: i32::MAX, dtype: "<f8".into(), cacheable: false }.encode_to_vec(),
        BufferReadRequest { buffer_id: "0".into(), start: 0, end: i32::MAX }.encode_to_vec(),
        BufferWriteRequest { buffer_id: "0".into(), start: 1, end: 9, data: vec![7; 9] }.encode_to_vec(),
        AddressRequest { buffer_id: "0".into() }.encode_to_vec(),
        GetGpioRequest { index: 61, direction: "out".into() }.encode_to_vec(),
        GpioReadRequest { gpio_id: "0".into() }.encode_to_vec(),
        GpioWriteRequest { gpio_id: "0".into(), value: 1 }.encode_to_vec(),
        claim(Ask::Claim(Claim { pin: "btns_gpio/ip2intc_irpt".into() })),
        claim(Ask::Wait(Wait { id: u64::MAX })),
        claim(Ask::Cancel(Cancel {})),
        GetMmioRequest { base_addr: CONTROL, length: 0x1_0000 }.encode_to_vec(),
        ReadRequest { mmio_id: "0".into(), length: 4, offset: 0, word_order: "little".into() }.encode_to_vec(),
        WriteRequest { mmio_id: "0".into(), offset: 0x11C, data: vec![0xFF; 64] }.encode_to_vec(),
        ReadFileRequest { file_path: "/proc/../etc/passwd".into() }.encode_to_vec(),
        WriteFileRequest { file_path: path, data: b"base.bin".to_vec() }.encode_to_vec(),
        WriteFileRequest { file_path: "/lib/firmware/base.bin".into(), data: bitstream(1) }.encode_to_vec(),
        SetPlClkRequest { i: 0, div0: 5, div1: 0, clk_mhz: i32::MIN }.encode_to_vec(),
        StimulateRequest { delay: 1_000, stimulus: Some(Stimulus::Pin(pin)) }.encode_to_vec(),
    ]
}

/// One of the messages, as it is or with bytes changed, left out, doubled or put in.
fn made_up(random: &mut Random, messages: &[Vec<u8>]) -> Vec<u8> {
    let mut message = messages[random.below(messages.len())].clone();
    for _ in 0..random.below(4) {
        let at = random.below(message.len() + 1);
        let byte = random.next().to_le_bytes()[3];
        match random.below(4) {
            0 if at < message.len() => message[at] = byte,
            1 => message.truncate(at),
            2 => message.extend_from_within(at..),
            _ => message.insert(at, byte),
        }
    }
    message
}

/// Makes a call, whose end is looked at if it comes soon. The stream of requests ends, or stays open as a client's that is
/// in no hurry.
async fn call(channel: Channel, path: &'static str, messages: Vec<Vec<u8>>, ends: bool) {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let (sender, receiver) = tokio::sync::mpsc::channel(messages.len().max(1));
    for message in messages {
        sender.try_send(message).unwrap();
    }
    let held = (!ends).then_some(sender);
    let requests = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let answered = async {
        let path = PathAndQuery::from_static(path);
        let Ok(answer) = client.streaming(tonic::Request::new(requests), path, Raw).await else { return };
        let mut answers = answer.into_inner();
        while let Ok(Some(_)) = answers.message().await {}
    };
    let _ = timeout(LOOK, answered).await;
    drop(held);
}

#[tokio::test(flavor = "multi_thread")]
async fn made_up_requests_break_nothing() {
    let cases = std::env::var("PYNQ_REMOTE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(3_000_u64);
    count_panics();
    let fixture = Fixture::start(ServerOptions::default()).await;
    let messages = messages();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut channel = connect(&fixture).await;
    for case in 0..cases {
        if case % 500 == 499 {
            channel = connect(&fixture).await;
        }
        let path = CALLS[random.below(CALLS.len())];
        let sent = (0..random.below(4)).map(|_| made_up(&mut random, &messages)).collect();
        let ends = random.below(4) != 0;
        timeout(PATIENCE, call(channel.clone(), path, sent, ends)).await.expect(path);
    }
    drop(channel);
    // Whatever was claimed, allocated and programmed meanwhile, another client finds a board that works.
    let client = fixture.another_client().await;
    client.program("base", 1).await.unwrap();
    assert_eq!(client.write_and_read(LEDS, 0xA).await, 0xA);
    let buffer = client.allocate(1 << 20).await.unwrap();
    assert_eq!(client.read_buffer(&buffer).await.unwrap().len(), 1 << 20);
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "the server panicked");
}

#[tokio::test(flavor = "multi_thread")]
async fn made_up_frames_end_their_own_connection_only() {
    count_panics();
    let fixture = Fixture::start(ServerOptions::default()).await;
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    for _ in 0..200 {
        let mut stream = TcpStream::connect(fixture.address).await.unwrap();
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
        for _ in 0..random.below(20) {
            // A frame: a length that is right or not, a kind, flags, a stream, and something behind it.
            let length = random.below(64);
            let [said, flags, number, kind, ..] = random.next().to_le_bytes();
            let said = if said % 4 == 0 { said } else { u8::try_from(length).unwrap() };
            bytes.extend([0, 0, said, kind % 11, flags, 0, 0, 0, number % 8]);
            bytes.extend((0..length).map(|_| random.next().to_le_bytes()[0]));
        }
        // It may be closed while this is written.
        let _ = stream.write_all(&bytes).await;
        let _ = timeout(LOOK, stream.read(&mut [0; 256])).await;
    }
    assert_eq!(fixture.read(LEDS).await, 0);
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "the server panicked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_connections_are_served() {
    const CLIENTS: usize = 1_000;
    // Both ends of each are in this process.
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();
    let open = raised.current.unwrap_or(u64::MAX);
    assert!(open > 2_500, "a thousand connections need 2500 open files, and the system allows {open}: ulimit -Hn");

    let fixture = Fixture::start(ServerOptions::default().connections(CLIENTS + 1)).await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(fixture.another_client().await);
    }
    // All of them are at it at once, and each gets what it asked for.
    let clients: Vec<_> = clients
        .into_iter()
        .map(|client| {
            tokio::spawn(async move {
                let buffer = client.allocate(64).await.unwrap();
                for _ in 0..3 {
                    assert_eq!(client.read(LEDS).await, 0);
                }
                assert_eq!(client.read_buffer(&buffer).await.unwrap().len(), 64);
                client
            })
        })
        .collect();
    let mut alive = Vec::new();
    for client in clients {
        alive.push(timeout(PATIENCE, client).await.expect("a client was not answered").unwrap());
    }
    // One more finds no room until one of them is gone.
    let mut refused = TcpStream::connect(fixture.address).await.unwrap();
    let ended = timeout(PATIENCE, refused.read(&mut [0])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    drop(alive);
    fixture.event(|event| matches!(event, pynq_remote::Event::Disconnected { .. })).await;
    assert_eq!(fixture.another_client().await.read(LEDS).await, 0);
}

async fn connect(fixture: &Fixture) -> Channel {
    Endpoint::from_shared(format!("http://{}", fixture.address)).unwrap().connect().await.unwrap()
}
