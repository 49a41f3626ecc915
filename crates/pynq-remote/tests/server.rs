//! The server as clients meet it, over real connections on the loopback interface: also those that die, lie or dawdle.

mod common;

use std::time::Duration;

use common::{CONTROL, Fixture, LEDS, bitstream};
use pynq_remote::{
    Event, ServerOptions,
    proto::{
        buffer::{
            AddressRequest, AllocateRequest, BufferReadRequest, BufferWriteRequest, FlushRequest, FreeBufferRequest,
        },
        mmio::{GetMmioRequest, ReadRequest, WriteRequest},
        remote_device::{
            ExistsFileRequest, ReadFileRequest, SetBitstreamAttrsRequest, SetPlClkRequest, WriteFileRequest,
        },
        simulation::{OutputRequest, Pin, StimulateRequest, stimulate_request::Stimulus},
    },
};
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};
use tonic::{Code, Request};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn registers_are_read_and_written_by_address() {
    let fixture = Fixture::start(ServerOptions::default()).await;
    let mut mmio = fixture.mmio().await;
    let opened = mmio.get_mmio(GetMmioRequest { base_addr: LEDS, length: 0x1000 }).await.unwrap().into_inner();
    let mmio_id = opened.mmio_id.unwrap();
    let data = vec![0b1010, 0, 0, 0];
    let written = mmio.write(WriteRequest { mmio_id: mmio_id.clone(), offset: 0, data }).await.unwrap().into_inner();
    assert_eq!(written.msg, None);
    let read = ReadRequest { mmio_id: mmio_id.clone(), length: 4, offset: 0, word_order: "little".into() };
    assert_eq!(mmio.read(read.clone()).await.unwrap().into_inner().data, Some(0b1010));
    let mut simulation = fixture.simulation().await;
    let output = OutputRequest { block: "leds_gpio".into(), channel: 0 };
    assert_eq!(simulation.output(output).await.unwrap().into_inner().bits, 0b1010);

    // Nothing is written when a part can't be.
    for (offset, length) in [(0x1000, 4), (0xFFC, 8), (2, 4), (0, 3), (0, 0), (u64::MAX - 3, 4)] {
        let write = WriteRequest { mmio_id: mmio_id.clone(), offset, data: vec![0; length] };
        assert!(mmio.write(write).await.unwrap().into_inner().msg.is_some(), "{length} bytes at {offset:#x}");
    }
    assert_eq!(mmio.read(read.clone()).await.unwrap().into_inner().data, Some(0b1010));
    for length in [0, 3, 16, u64::MAX] {
        let read = ReadRequest { length, ..read.clone() };
        assert!(mmio.read(read).await.unwrap().into_inner().msg.is_some(), "{length}");
    }
    for (base_addr, length) in [(0, 4), (LEDS, 0x2_0000), (LEDS + 2, 4), (u64::MAX, 4), (LEDS, u64::MAX), (LEDS, 0)] {
        let answer = mmio.get_mmio(GetMmioRequest { base_addr, length }).await.unwrap().into_inner();
        assert!(answer.msg.is_some() && answer.mmio_id.is_none(), "{length:#x} at {base_addr:#x}");
    }
    // A forged id opens nothing that get_mmio would not.
    for id in ["0x0+0x1000", "0xe0001000+0x1000", "nonsense"] {
        let read = ReadRequest { mmio_id: id.into(), ..read.clone() };
        assert!(mmio.read(read).await.unwrap().into_inner().msg.is_some(), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_with_its_highest_bit_set_is_positive() {
    let fixture = Fixture::start(ServerOptions::default()).await;
    assert_eq!(fixture.write_and_read(CONTROL + 0x11C, 0x8000_0000).await, 0x8000_0000);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_the_boards_and_no_others() {
    let fixture = Fixture::start(ServerOptions::default().board_name("Pynq-Z2")).await;
    let mut device = fixture.device().await;
    let exists = device.existsfile(ExistsFileRequest { file_path: "/proc/version".into() }).await.unwrap();
    assert!(exists.into_inner().exists);
    assert_eq!(fixture.read_file("/proc/device-tree/chosen/pynq_board").await.unwrap(), b"Pynq-Z2\0");
    for path in ["/etc/passwd", "/lib/firmware/../../etc/passwd", "/proc/self/environ", "Cargo.toml", ""] {
        let found = device.existsfile(ExistsFileRequest { file_path: path.into() }).await.unwrap().into_inner().exists;
        assert!(!found, "{path}");
        assert_eq!(fixture.read_file(path).await.unwrap_err().code(), Code::NotFound, "{path}");
        assert_eq!(fixture.write_file(path, vec![vec![0]]).await.unwrap_err().code(), Code::NotFound, "{path}");
    }
    let read_only = fixture.write_file("/proc/version", vec![vec![0]]).await.unwrap_err();
    assert_eq!(read_only.code(), Code::PermissionDenied);
    let long = "/lib/firmware/".to_owned() + &"a".repeat(1 << 20);
    assert_eq!(fixture.read_file(&long).await.unwrap_err().code(), Code::NotFound);
    let pieces = [("a.bin", 1), ("b.bin", 2)]
        .map(|(name, byte)| WriteFileRequest { file_path: format!("/lib/firmware/{name}"), data: vec![byte] });
    let mixed = device.writefile(tokio_stream::iter(pieces)).await.unwrap_err();
    assert_eq!(mixed.code(), Code::InvalidArgument);
    let _ = device.readfile(ReadFileRequest { file_path: "/proc/version".into() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn programming_resets_the_board_and_notices_other_content() {
    let fixture = Fixture::start(ServerOptions::default()).await;
    for (content, expected) in [(1, false), (1, false), (2, true)] {
        fixture.write_and_read(LEDS, 0xF).await;
        fixture.program("base", content).await.unwrap();
        let told = fixture.event(|event| matches!(event, Event::Programmed { .. })).await;
        assert_eq!(told, Event::Programmed { design: "base".into(), other_content: expected });
        assert_eq!(fixture.read(LEDS).await, 0, "the LEDs were not reset");
    }
    let unknown = fixture.program("other", 1).await.unwrap_err();
    assert_eq!(unknown.code(), Code::FailedPrecondition);
    assert!(unknown.message().contains("other.bin") && unknown.message().contains("base"), "{unknown}");
    fixture.write_file("/lib/firmware/base.bin", vec![vec![0; 64]]).await.unwrap();
    let manager = "/sys/class/fpga_manager/fpga0/firmware";
    let nonsense = fixture.write_file(manager, vec![b"base.bin".to_vec()]).await.unwrap_err();
    assert_eq!(nonsense.code(), Code::FailedPrecondition, "{nonsense}");
    assert_eq!(fixture.read_file("/sys/class/fpga_manager/fpga0/state").await.unwrap(), b"write error\n");
    let mut device = fixture.device().await;
    let attributes = SetBitstreamAttrsRequest { binfile_name: "base.bin".into(), partial: false };
    device.set_bitstream_attrs(attributes).await.unwrap();
    let data = pynq_remote::proto::remote_device::DownloadRequest { buffer: bitstream(3) };
    device.download(tokio_stream::iter([data])).await.unwrap();
    assert_eq!(fixture.read_file("/sys/class/fpga_manager/fpga0/state").await.unwrap(), b"operating\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_design_takes_the_boards_place_and_memory_stays() {
    let fixture = Fixture::with_second_design(ServerOptions::default()).await;
    let mut buffers = fixture.buffers().await;
    let id = fixture.allocate(100_000).await.unwrap();
    let data: Vec<u8> = (0..100_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let write = BufferWriteRequest { buffer_id: id.clone(), data: data.clone(), start: 0, end: 0 };
    buffers.write(tokio_stream::iter([write])).await.unwrap();
    buffers.flush(FlushRequest { buffer_id: id.clone() }).await.unwrap();
    assert!(fixture.try_read(CONTROL).await.is_ok());
    fixture.program("moved", 1).await.unwrap();
    assert!(fixture.try_read(CONTROL).await.is_err(), "blocks of the old design are still there");
    assert_eq!(fixture.read_buffer(&id).await.unwrap(), data);
    fixture.program("base", 1).await.unwrap();
    assert!(fixture.try_read(CONTROL).await.is_ok());
    assert_eq!(fixture.read_buffer(&id).await.unwrap(), data);
}

#[tokio::test(flavor = "multi_thread")]
async fn buffers_keep_data_and_bounds() {
    let fixture = Fixture::start(ServerOptions::default()).await;
    let mut buffers = fixture.buffers().await;
    let id = fixture.allocate(3_000_000).await.unwrap();
    assert_eq!(fixture.read_buffer(&id).await.unwrap(), vec![0; 3_000_000]);
    let data: Vec<u8> = (0..3_000_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let pieces: Vec<_> = data
        .chunks(2 << 20)
        .map(|piece| BufferWriteRequest { buffer_id: id.clone(), data: piece.to_vec(), start: 0, end: 0 })
        .collect();
    buffers.write(tokio_stream::iter(pieces)).await.unwrap();
    assert_eq!(fixture.read_buffer(&id).await.unwrap(), data);
    let address = AddressRequest { buffer_id: id.clone() };
    assert_ne!(buffers.physical_address(address).await.unwrap().into_inner().address, Some(0));
    for (start, end) in [(-1, 0), (0, -1), (5, 4), (0, 3_000_001), (3_000_001, 0), (i32::MIN, i32::MAX)] {
        let read = buffers.read(BufferReadRequest { buffer_id: id.clone(), start, end }).await;
        assert_eq!(read.unwrap_err().code(), Code::OutOfRange, "{start} to {end}");
    }
    let beyond = BufferWriteRequest { buffer_id: id.clone(), data: vec![1; 2], start: 2_999_999, end: 0 };
    assert_eq!(buffers.write(tokio_stream::iter([beyond])).await.unwrap_err().code(), Code::OutOfRange);
    for size in [0, -1, i32::MIN, i32::MAX] {
        let refused = buffers.allocate(AllocateRequest { size, dtype: "u1".into(), cacheable: true }).await;
        assert!(refused.is_err(), "{size}");
    }
    buffers.freebuffer(FreeBufferRequest { buffer_id: id.clone() }).await.unwrap();
    let twice = buffers.freebuffer(FreeBufferRequest { buffer_id: id.clone() }).await.unwrap_err();
    assert_eq!(twice.code(), Code::NotFound);
    assert_eq!(fixture.read_buffer(&id).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn buffers_of_a_client_that_died_make_room() {
    let fixture = Fixture::start(ServerOptions::default()).await;
    let kept = fixture.allocate(8 << 20).await.unwrap();
    let other = fixture.another_client().await;
    for _ in 0..7 {
        other.allocate(16 << 20).await.unwrap();
    }
    // There is no room, and the client that has it all is alive.
    assert_eq!(fixture.allocate(16 << 20).await.unwrap_err().code(), Code::ResourceExhausted);
    drop(other);
    fixture.event(|event| matches!(event, Event::Disconnected { .. })).await;
    for _ in 0..7 {
        fixture.allocate(16 << 20).await.unwrap();
    }
    assert_eq!(fixture.read_buffer(&kept).await.unwrap().len(), 8 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_too_long_are_refused_and_the_connection_goes_on() {
    let fixture = Fixture::start(ServerOptions::default()).await;
    let id = fixture.allocate(16 << 20).await.unwrap();
    let mut buffers = fixture.buffers().await;
    let write = BufferWriteRequest { buffer_id: id.clone(), data: vec![0; 5 << 20], start: 0, end: 0 };
    let refused = buffers.write(tokio_stream::iter([write])).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "{refused}");
    let pieces = (0..40).map(|_| vec![0; 2 << 20]).collect();
    let refused = fixture.write_file("/lib/firmware/base.bin", pieces).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    assert_eq!(fixture.read(LEDS).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_holds_up_nobody() {
    let fixture = Fixture::start(ServerOptions::default()).await;
    let id = fixture.allocate(64 << 20).await.unwrap();
    let mut slow = Vec::new();
    for _ in 0..32 {
        let mut client = fixture.another_client().await.buffers().await;
        let read = BufferReadRequest { buffer_id: id.clone(), start: 0, end: 0 };
        // Its answer has begun, and is never read.
        slow.push((client.read(read).await.unwrap().into_inner(), client));
    }
    let read = timeout(PATIENCE, fixture.read_buffer(&id)).await.unwrap().unwrap();
    assert_eq!(read.len(), 64 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded_and_one_that_ends_makes_room() {
    let fixture = Fixture::start(ServerOptions::default().connections(3)).await;
    let silent =
        [TcpStream::connect(fixture.address).await.unwrap(), TcpStream::connect(fixture.address).await.unwrap()];
    fixture.event(|event| matches!(event, Event::Connected { .. })).await;
    let mut refused = TcpStream::connect(fixture.address).await.unwrap();
    fixture.event(|event| matches!(event, Event::TurnedAway { .. })).await;
    let ended = timeout(PATIENCE, refused.read(&mut [0])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    assert_eq!(fixture.read(LEDS).await, 0);
    drop(silent);
    fixture.event(|event| matches!(event, Event::Disconnected { .. })).await;
    assert_eq!(fixture.another_client().await.read(LEDS).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_is_closed() {
    let fixture = Fixture::start(ServerOptions::default()).await;
    let mut silent = TcpStream::connect(fixture.address).await.unwrap();
    // The server's own settings frame comes first.
    let ended = timeout(PATIENCE, async { while silent.read(&mut [0; 256]).await.is_ok_and(|read| read > 0) {} }).await;
    assert!(ended.is_ok(), "it was left open");
    assert_eq!(fixture.read(LEDS).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_ends_its_own_connection_only() {
    use tokio::io::AsyncWriteExt;
    let fixture = Fixture::start(ServerOptions::default()).await;
    let hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let nonsense: [&[u8]; 4] =
        [b"GET / HTTP/1.1\r\n\r\n", &[0xFF; 4096], &[hello, &[0xFF; 64][..]].concat(), b"\x16\x03\x01"];
    for bytes in nonsense {
        let mut stream = TcpStream::connect(fixture.address).await.unwrap();
        // It may be closed while this is written.
        let _ = stream.write_all(bytes).await;
        let _ = timeout(Duration::from_millis(200), stream.read(&mut [0; 256])).await;
    }
    assert_eq!(fixture.read(LEDS).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_needs_the_token() {
    let token = "a token, but without spaces".replace(' ', "_");
    let fixture = Fixture::start(ServerOptions::default().token(&token)).await;
    let request = |sent: Option<&str>| {
        let mut request = Request::new(ExistsFileRequest { file_path: "/proc/version".into() });
        if let Some(sent) = sent {
            request.metadata_mut().insert("authorization", sent.parse().unwrap());
        }
        request
    };
    let mut device = fixture.device().await;
    for wrong in [None, Some("Bearer "), Some("Bearer nothing"), Some(&*token), Some(&*format!("Bearer {token}x"))] {
        let refused = device.existsfile(request(wrong)).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{wrong:?}");
        assert!(!refused.message().contains(&token));
    }
    let mut simulation = fixture.simulation().await;
    let press = Pin { block: "btns_gpio".into(), channel: 1, bit: 0, level: true };
    let press = StimulateRequest { delay: 0, stimulus: Some(Stimulus::Pin(press)) };
    assert_eq!(simulation.stimulate(press).await.unwrap_err().code(), Code::Unauthenticated);
    assert!(device.existsfile(request(Some(&format!("Bearer {token}")))).await.unwrap().into_inner().exists);
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_and_services_that_are_not_there() {
    let fixture = Fixture::start(ServerOptions::default()).await;
    let mut device = fixture.device().await;
    let set = SetPlClkRequest { i: 1, div0: 5, div1: 4, clk_mhz: 0 };
    assert!(device.set_pl_clk(set).await.unwrap().into_inner().status);
    assert_eq!(fixture.read(0xF800_0180).await & (0x3F << 20 | 0x3F << 8), 4 << 20 | 5 << 8);
    for (i, div0) in [(7, 5), (-1, 5), (1, -5), (1, 99)] {
        let set = SetPlClkRequest { i, div0, div1: 4, clk_mhz: 0 };
        assert_eq!(device.set_pl_clk(set).await.unwrap_err().code(), Code::InvalidArgument, "{i} {div0}");
    }
    assert_eq!(fixture.unknown_service().await.code(), Code::Unimplemented);
}

#[tokio::test(flavor = "multi_thread")]
async fn stimuli_name_what_the_board_has() {
    let fixture = Fixture::start(ServerOptions::default()).await;
    let mut simulation = fixture.simulation().await;
    let pin = |block: &str, channel, bit| Pin { block: block.into(), channel, bit, level: true };
    let day = 24 * 3600 * 1_000_000_000;
    for (pin, delay) in [
        (pin("nothing", 1, 0), 0),
        (pin("btns_gpio", 3, 0), 0),
        (pin("btns_gpio", 1, 32), 0),
        (pin("btns_gpio", 1, u32::MAX), 5),
        (pin("btns_gpio", 1, 0), day + 1),
    ] {
        let request = StimulateRequest { delay, stimulus: Some(Stimulus::Pin(pin.clone())) };
        assert!(simulation.stimulate(request).await.is_err(), "{pin:?} in {delay}");
    }
    assert!(simulation.stimulate(StimulateRequest { delay: 0, stimulus: None }).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_served_board_presses_its_own_buttons() {
    let script = "1ms press 2\n2ms switch 0 on".parse().unwrap();
    let fixture = Fixture::start(ServerOptions::default().script(script)).await;
    // It is told before it is done; what came before it is done by then.
    let told = fixture.event(|event| matches!(event, Event::Step { line: 2, .. })).await;
    assert_eq!(told, Event::Step { line: 2, action: "switch 0 on".into(), refused: None });
    assert_eq!(fixture.read(CONTROL).await, 0b100);

    let wrong = ServerOptions::default().listen(([127, 0, 0, 1], 0)).script("\n1ms press 9".parse().unwrap());
    let design = pynq::hwh::Design::parse(common::BUTTONS).unwrap();
    let error = pynq_remote::Server::simulated([("base", design)], wrong).unwrap_err().to_string();
    assert_eq!(error, "the script: line 2: no button 9; the board has 0 to 3");
}
