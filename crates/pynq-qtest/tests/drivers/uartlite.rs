//! The serial port's driver. QEMU's line ends at a socket of this program.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::atomic::{AtomicU8, Ordering},
    thread,
    time::Duration,
};

use pynq_core::Error;
use pynq_qtest::Time;

use crate::{common::emulator, rig::Rig};

/// Bytes that no mistake leaves as they are.
fn noise(count: u32) -> Vec<u8> {
    (0..count).map(|n| n.wrapping_mul(0x9E37_79B9).to_be_bytes()[1]).collect()
}

/// The machine, and the other end of its line.
fn connected(emulator: &str) -> (Rig, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let line = format!("tcp:{},nodelay=on", listener.local_addr().unwrap());
    // QEMU connects before it answers, and does not start if it can't.
    let rig = Rig::new(emulator, Time::Passes, &["-serial", &line]);
    let (far_end, _) = listener.accept().unwrap();
    far_end.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    far_end.set_nodelay(true).unwrap();
    (rig, far_end)
}

/// Sends and expects it back.
fn sends(far_end: &TcpStream, bytes: &[u8]) {
    thread::scope(|scope| {
        scope.spawn(|| (&mut &*far_end).write_all(bytes).unwrap());
        let mut back = vec![0; bytes.len()];
        (&mut &*far_end).read_exact(&mut back).unwrap();
        assert!(back == bytes, "every byte, in order");
    });
}

#[test]
fn an_echo_by_the_blocking_twins_loses_nothing() {
    const COUNT: u32 = 3_000;
    let (rig, far_end) = connected(&emulator!());
    let uart = rig.uart();
    let deadline = rig.deadline();
    thread::scope(|scope| {
        scope.spawn(|| sends(&far_end, &noise(COUNT)));
        let (mut buffer, mut left) = ([0; 16], COUNT);
        while left > 0 {
            let count = uart.read_bytes_until(&mut buffer, deadline).unwrap();
            let mut out = &buffer[..count];
            while !out.is_empty() {
                out = &out[uart.write_bytes(out).unwrap()..];
            }
            left -= u32::try_from(count).unwrap();
        }
        uart.drain().unwrap();
    });
    println!("UART Lite: {COUNT} bytes echoed, in reads of QEMU's 8 at the most");
    rig.assert_idle();
}

#[test]
fn each_byte_wakes_a_reader_that_sleeps() {
    const COUNT: u8 = 200;
    let (rig, far_end) = connected(&emulator!());
    let uart = rig.uart();
    let deadline = rig.deadline();
    let read = AtomicU8::new(0);
    thread::scope(|scope| {
        let sender = scope.spawn(|| {
            for number in 0..COUNT {
                // The reader has the byte before, and has found nothing more.
                while read.load(Ordering::Acquire) != number || uart.node().is_idle() {
                    assert!(rig.board.qtest().now() < deadline, "the reader does not sleep");
                    thread::yield_now();
                }
                (&mut &far_end).write_all(&[number]).unwrap();
            }
        });
        let mut buffer = [0; 16];
        for number in 0..COUNT {
            assert_eq!(uart.read_bytes_until(&mut buffer, deadline), Ok(1));
            assert_eq!(buffer[0], number);
            read.store(number + 1, Ordering::Release);
        }
        sender.join().unwrap();
    });
    let fired = uart.node().line_stats(0).fired;
    assert!(fired >= COUNT.into(), "{fired} interrupts");
    rig.assert_idle();
}

#[test]
fn an_async_echo_loses_nothing_while_a_timer_ticks() {
    const COUNT: u32 = 1_000;
    let (rig, far_end) = connected(&emulator!());
    let uart = rig.uart();
    let mut ticks = rig.timer(false).channel(0).unwrap();
    ticks.start_periodic(Duration::from_millis(2)).unwrap();
    let deadline = rig.deadline();
    thread::scope(|scope| {
        scope.spawn(|| sends(&far_end, &noise(COUNT)));
        let ticking = scope.spawn(|| {
            for _ in 0..20 {
                ticks.wait_until(deadline).unwrap();
            }
            ticks.stop().unwrap();
        });
        let echo = async {
            let (mut buffer, mut left) = ([0; 5], COUNT);
            while left > 0 {
                let count = uart.read_bytes_async(&mut buffer).await.unwrap();
                let mut sent = 0;
                while sent < count {
                    sent += uart.write_bytes_async(&buffer[sent..count]).await.unwrap();
                }
                left -= u32::try_from(count).unwrap();
            }
            Ok::<_, Error>(())
        };
        uart.node().block_on(echo, Some(deadline)).unwrap();
        ticking.join().unwrap();
    });
    rig.assert_idle();
}
