//! Everything that comes in goes out again, while timers fire.

use std::time::Duration;

use embedded_io_async::{Read, Write};

use crate::rig::*;

/// Echoes `count` bytes, and counts the timer's periods meanwhile.
fn echo(kind: u32, count: usize) {
    let rig = Rig::new(kind);
    let bytes = noise(count);
    rig.board.serial_input("uart", &bytes).unwrap();
    let (mut reader, mut writer) = (rig.uart.clone(), rig.uart.clone());
    let period = Duration::from_micros(333);
    // The last character is complete after so many of them.
    let periods =
        u32::try_from((rig.character() * u32::try_from(count).unwrap()).as_nanos() / period.as_nanos()).unwrap();
    let mut ticks = rig.channel(1);
    ticks.start_periodic(period).unwrap();
    let echo = async {
        let (mut buffer, mut left) = ([0; 7], count);
        while left > 0 {
            let read = reader.read(&mut buffer).await.unwrap();
            writer.write_all(&buffer[..read]).await.unwrap();
            left -= read;
        }
        writer.flush().await.unwrap();
    };
    let count_periods = async {
        for n in 1..=periods {
            let fired = ticks.wait_async().await.unwrap();
            assert_eq!((fired.count, fired.missed), (n, 0));
        }
    };
    rig.board.block_on(join(echo, count_periods)).unwrap();
    let sent = rig.sent();
    assert_eq!(sent.len(), count);
    assert!(sent == bytes, "every byte, in order");
    assert!(rig.uart.take_errors().unwrap().is_empty());
    assert_eq!(rig.timer.node().line_stats(1).fired, periods);
    rig.assert_idle();
}

#[test]
fn of_a_hundred_kilobytes_loses_nothing() {
    echo(crate::common::EDGE, 100_000);
}

#[test]
fn on_a_level_input_whose_driver_was_told_it_is_an_edge_loses_nothing_either() {
    echo(crate::common::LEVEL, 5_000);
}

#[test]
fn by_the_blocking_forms() {
    for kind in WIRINGS {
        let rig = Rig::new(kind);
        let bytes = noise(2_000);
        rig.board.serial_input("uart", &bytes).unwrap();
        let (mut buffer, mut left) = ([0; 3], bytes.len());
        while left > 0 {
            let read = rig.uart.read_bytes(&mut buffer).unwrap();
            let mut out = &buffer[..read];
            while !out.is_empty() {
                out = &out[rig.uart.write_bytes(out).unwrap()..];
            }
            left -= read;
        }
        rig.uart.drain().unwrap();
        assert_eq!(rig.sent(), bytes);
        rig.assert_idle();
    }
}
