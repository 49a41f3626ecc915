//! Reads and writes: what each gives, takes and waits for.

use std::{sync::Mutex, task::Poll};

use pynq_core::{Error, Instant, interrupt::StdLock};
use pynq_drivers::{
    AxiUartLite, AxiUartLiteConfig, AxiUartLiteHardware,
    axi_uartlite::{AxiUartLiteError, axi_uartlite_node},
};
use pynq_sim::{
    Board, Trigger,
    models::{AxiUartLiteModel, UartParams},
};

use crate::{
    common::{EDGE, Task, of_block, poll_once},
    rig::*,
};

#[test]
fn what_is_there_already_needs_no_interrupt() {
    for kind in WIRINGS {
        let rig = Rig::new(kind);
        (1..=3).for_each(|data| rig.arrives(data));
        let mut buffer = [0; 16];
        assert_eq!(poll_once(rig.uart.read_bytes_async(&mut buffer)), Poll::Ready(Ok(3)));
        assert_eq!((&buffer[..3], rig.cpu.interrupts()), (&[1, 2, 3][..], 0));
        rig.assert_idle();
    }
}

#[test]
fn a_read_waits_for_the_first_byte_alone() {
    for kind in WIRINGS {
        let rig = Rig::new(kind);
        let mut buffer = [0; 16];
        let mut task = Task::waiting(rig.uart.read_bytes_async(&mut buffer));
        rig.arrives(7);
        assert_eq!((task.wakes(), task.poll()), (1, Poll::Ready(Ok(1))));
        drop(task);
        assert_eq!(buffer[0], 7);
        rig.assert_idle();
        assert_eq!(rig.uart.read_bytes(&mut []), Ok(0));
    }
}

#[test]
fn a_dropped_read_takes_no_byte() {
    for kind in WIRINGS {
        let rig = Rig::new(kind);
        for data in 0..50 {
            let mut buffer = [0; 4];
            let task = Task::waiting(rig.uart.read_bytes_async(&mut buffer));
            if data % 2 == 0 {
                rig.arrives(data);
                assert_eq!(task.wakes(), 1);
                drop(task);
            } else {
                drop(task);
                rig.arrives(data);
            }
            rig.assert_idle();
            let mut buffer = [0; 4];
            assert_eq!(rig.uart.read_bytes(&mut buffer), Ok(1));
            assert_eq!(buffer[0], data);
        }
    }
}

#[test]
fn a_write_hands_over_what_fits_and_then_waits_until_the_fifo_is_empty() {
    for kind in WIRINGS {
        let rig = Rig::new(kind);
        let bytes = noise(60);
        let written = rig.uart.write_bytes(&bytes).unwrap();
        assert_eq!(written, 16, "one lock round");
        let mut done = written + rig.uart.write_bytes(&bytes[written..]).unwrap();
        assert_eq!(done, 17, "the shifter has had one");
        assert_eq!((rig.uart.is_writable(), rig.uart.try_write(&bytes[done..])), (Ok(false), Ok(0)));
        let begun = rig.board.now();
        done += rig.uart.write_bytes(&bytes[done..]).unwrap();
        assert_eq!((done, rig.board.now() - begun), (33, rig.character() * 16));
        while done < 60 {
            done += rig.uart.write_bytes(&bytes[done..]).unwrap();
        }
        rig.uart.drain().unwrap();
        assert_eq!(rig.board.serial_output("uart").unwrap().len(), 59, "the last one is on its way");
        assert_eq!(rig.sent(), bytes[59..]);
        rig.assert_idle();
    }
}

#[test]
fn a_dropped_write_sends_nothing() {
    let rig = Rig::new(EDGE);
    let bytes = noise(17);
    rig.uart.try_write(&bytes).unwrap();
    rig.uart.try_write(&bytes[16..]).unwrap();
    drop(Task::waiting(rig.uart.write_bytes_async(b"never")));
    drop(Task::waiting(rig.uart.drain_async()));
    rig.assert_idle();
    assert_eq!(rig.sent(), bytes);
}

#[test]
fn each_byte_goes_to_one_reader() {
    for kind in WIRINGS {
        let rig = Rig::new(kind);
        let bytes = noise(3_000);
        rig.board.serial_input("uart", &bytes).unwrap();
        let got = Mutex::new(Vec::<u8>::new());
        let reader = async |size: usize| {
            let mut buffer = vec![0; size];
            while got.lock().unwrap().len() < bytes.len() {
                match rig.uart.read_bytes_async(&mut buffer).until(rig.character() * 50).await {
                    Ok(read) => got.lock().unwrap().extend(&buffer[..read]),
                    Err(error) if *error.cause() == AxiUartLiteError::Node(Error::TimedOut) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        };
        rig.board.block_on(join(reader(1), reader(5))).unwrap();
        assert!(got.into_inner().unwrap() == bytes, "in order, since time stands still while they read");
        rig.assert_idle();
    }
}

#[test]
fn two_writers_lose_nothing_and_keep_their_order() {
    for kind in WIRINGS {
        let rig = Rig::new(kind);
        let writer = async |parity: u8| {
            let bytes: Vec<u8> = (0..120).map(|n| 2 * n + parity).collect();
            let mut left = &bytes[..];
            while !left.is_empty() {
                left = &left[rig.uart.write_bytes_async(left).await.unwrap()..];
            }
        };
        rig.board.block_on(join(writer(0), writer(1))).unwrap();
        let sent = rig.sent();
        for parity in [0, 1] {
            let of_one: Vec<u8> = sent.iter().copied().filter(|byte| byte % 2 == parity).collect();
            assert_eq!(of_one, (0..120).map(|n| 2 * n + parity).collect::<Vec<u8>>());
        }
        rig.assert_idle();
    }
}

#[test]
fn a_reader_and_a_writer_don_t_wake_each_other_for_nothing() {
    let rig = Rig::new(EDGE);
    let mut buffer = [0; 1];
    let mut reader = Task::waiting(rig.uart.read_bytes_async(&mut buffer));
    for _ in 0..10 {
        rig.uart.write_bytes(b"to and fro").unwrap();
        rig.uart.drain().unwrap();
    }
    assert_eq!(reader.wakes(), 0);
    rig.arrives(1);
    assert_eq!((reader.wakes(), reader.poll()), (1, Poll::Ready(Ok(1))));
    assert_eq!(rig.uart.node().line_stats(0).spurious, 0);
}

#[test]
fn a_reset_empties_the_fifos_and_tells_who_waited_for_room() {
    let rig = Rig::new(EDGE);
    rig.uart.try_write(&noise(16)).unwrap();
    rig.uart.try_write(&noise(1)).unwrap();
    rig.arrives(1);
    let mut writer = Task::waiting(rig.uart.write_bytes_async(b"!"));
    let mut drain = Task::waiting(rig.uart.drain_async());
    rig.uart.reset().unwrap();
    assert_eq!(drain.poll(), Poll::Ready(Ok(())));
    assert_eq!(writer.poll(), Poll::Ready(Ok(1)));
    assert_eq!(rig.uart.is_readable(), Ok(false));
    assert_eq!(rig.sent(), [noise(1), b"!".to_vec()].concat());
    rig.assert_idle();
}

#[test]
fn a_reset_tells_them_by_itself_and_not_by_the_interrupt() {
    let rig = Rig::new(EDGE);
    rig.uart.try_write(&noise(16)).unwrap();
    rig.uart.try_write(&noise(1)).unwrap();
    let mut writer = Task::waiting(rig.uart.write_bytes_async(b"!"));
    rig.board.set_line("uart/interrupt", false).unwrap();
    rig.uart.reset().unwrap();
    assert_eq!((writer.wakes(), writer.poll()), (1, Poll::Ready(Ok(1))));
}

#[test]
fn the_interrupt_stays_enabled_by_a_reset_while_somebody_waits() {
    let rig = Rig::new(EDGE);
    let mut buffer = [0; 1];
    let mut reader = Task::waiting(rig.uart.read_bytes_async(&mut buffer));
    rig.uart.reset().unwrap();
    rig.arrives(1);
    assert_eq!((reader.wakes(), reader.poll()), (1, Poll::Ready(Ok(1))));
}

#[test]
fn a_deadline_ends_a_read_and_the_byte_wins() {
    for kind in WIRINGS {
        let rig = Rig::new(kind);
        let time = rig.character();
        rig.board.serial_input("uart", &[1, 2]).unwrap();
        let mut buffer = [0; 4];
        let timed_out = Err(of_block(AxiUartLiteError::Node(Error::TimedOut)));
        assert_eq!(rig.uart.read_bytes_until(&mut buffer, Instant::START + time / 2), timed_out);
        assert_eq!(rig.uart.read_bytes_until(&mut buffer, Instant::START + time), Ok(1));
        let mut read = |at| {
            let wait = rig.uart.read_bytes_async(&mut buffer).until(at);
            rig.board.block_on(wait).unwrap()
        };
        assert_eq!(read(Instant::START + time * 3 / 2), timed_out);
        assert_eq!(read(Instant::START + time * 2), Ok(1));
        rig.assert_idle();
    }
}

#[test]
fn without_an_interrupt_it_can_be_asked_and_not_waited_for() {
    let rig = Rig::on(EDGE, false);
    let unavailable = AxiUartLiteError::Node(Error::InterruptsUnavailable);
    let mut buffer = [0; 4];
    assert_eq!(rig.uart.read_bytes(&mut buffer), Err(of_block(unavailable)));
    assert_eq!(rig.board.block_on(rig.uart.read_bytes_async(&mut buffer)), Ok(Err(of_block(unavailable))));
    rig.arrives(5);
    assert_eq!((rig.uart.is_readable(), rig.uart.try_read(&mut buffer), buffer[0]), (Ok(true), Ok(1), 5));
    assert_eq!(rig.uart.write_bytes(b"ok"), Ok(2));
    assert_eq!(rig.sent(), b"ok");
}

#[test]
fn the_traits_are_those_of_embedded_io() {
    use embedded_io::{Error as _, ErrorKind, Read, ReadReady, Write, WriteReady};
    let rig = Rig::new(EDGE);
    let mut uart = rig.uart.clone();
    assert_eq!((uart.read_ready(), uart.write_ready()), (Ok(false), Ok(true)));
    uart.write_all(&noise(50)).unwrap();
    uart.flush().unwrap();
    rig.board.serial_input("uart", b"12345678901234567").unwrap();
    let mut buffer = [0; 17];
    uart.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"12345678901234567");
    assert_eq!(rig.sent(), noise(50));
    let kinds = [Error::TimedOut, Error::Invalidated, Error::InterruptsUnavailable, Error::NeverWoken]
        .map(|error| AxiUartLiteError::Node(error).kind());
    assert_eq!(kinds, [ErrorKind::TimedOut, ErrorKind::NotConnected, ErrorKind::Unsupported, ErrorKind::Other]);
}

#[test]
fn nodes_may_be_static_and_straight_on_the_cpu() {
    let board = Board::builder()
        .device("uart", 0x4060_0000, 0x1_0000, AxiUartLiteModel::new(UartParams::default()))
        .interrupt("uart/interrupt", 61)
        .build()
        .unwrap();
    let pin = board.cpu_pin(61).unwrap();
    pin.set_trigger(Trigger::Edge);
    let hardware = AxiUartLiteHardware::new(board.window("uart").unwrap(), AxiUartLiteConfig::new(115_200)).unwrap();
    let uart = AxiUartLite::new(&*Box::leak(Box::new(axi_uartlite_node(StdLock::new(), hardware, pin)))).unwrap();
    board.serial_input("uart", &noise(300)).unwrap();
    let (mut got, mut buffer) = (Vec::<u8>::new(), [0; 16]);
    while got.len() < 300 {
        let read = uart.read_bytes(&mut buffer).unwrap();
        got.extend(&buffer[..read]);
    }
    assert_eq!(got, noise(300));
    assert!(uart.node().is_idle());
}
