//! Programming the logic, against a model of the registers that was written from the data sheet.
#![allow(clippy::unwrap_used)] // a test may

mod model;

use model::{Fault, IMAGE_AT, Zynq};
use pynq_baremetal::zynq::{Error, ImageError, Pcap, ProgramError, Slcr, Step};
use pynq_core::pl_clocks::{Divisors, PlClockError, PlClocks};

/// As the port wants it: padding, sync word, the device's name, and the end.
fn image() -> Vec<u32> {
    let mut words = vec![u32::MAX; 8];
    words.extend([0x0000_00BB, 0x1122_0044, u32::MAX, u32::MAX, 0xAA99_5566, 0x2000_0000]);
    words.extend([0x3001_8001, 0x0372_7093]);
    words.extend((0..1000u32).map(|number| number.wrapping_mul(0x9E37_79B9)));
    words.push(0x2000_0000);
    words
}

fn program(zynq: &Zynq, image: &[u32]) -> Result<(), ProgramError> {
    let mut slcr = Slcr::new(zynq.slcr()).unwrap();
    let mut pcap = Pcap::new(zynq.devcfg()).unwrap();
    pcap.program(&mut slcr, image, IMAGE_AT, || zynq.now())
}

#[track_caller]
fn is_disconnected(zynq: &Zynq) {
    zynq.with(|model| {
        assert_eq!((model.shifters & 0b0101, model.resets & 0xF), (0, 0xF), "left connected");
        assert!(!model.pcap_clock_runs(), "the clock was left on");
        assert!(model.violations.is_empty(), "{:?}", model.violations);
    });
}

#[test]
fn an_image_is_loaded_and_the_logic_connected() {
    let image = image();
    let zynq = Zynq::new(&image);
    for _ in 0..2 {
        program(&zynq, &image).unwrap();
        zynq.with(|model| {
            assert_eq!(model.logic.as_deref(), Some(&*image));
            assert_eq!((model.shifters, model.resets), (0xF, 0), "connected, and other bits written as zero");
            assert!(!model.pcap_clock_runs());
            assert!(model.violations.is_empty(), "{:?}", model.violations);
        });
        assert!(Slcr::new(zynq.slcr()).unwrap().is_connected());
    }
}

#[test]
fn events_of_before_are_nobody_s_errors() {
    let image = image();
    let zynq = Zynq::new(&image);
    zynq.with(|model| model.events = u32::MAX);
    program(&zynq, &image).unwrap();
}

#[test]
fn what_is_no_image_is_refused_before_anything_is_touched() {
    let reversed: Vec<u32> = image().iter().map(|word| word.swap_bytes()).collect();
    let mut other = image();
    other[15] = 0x0372_2093;
    let refused = [
        (reversed, ImageError::ByteOrder),
        (vec![u32::MAX; 2000], ImageError::NoSyncWord),
        (Vec::new(), ImageError::NoSyncWord),
        (other, ImageError::OtherDevice { image: 0x0372_2093, device: 0x0372_7093 }),
    ];
    let image = image();
    for (words, why) in refused {
        let zynq = Zynq::new(&image);
        program(&zynq, &image).unwrap();
        assert_eq!(program(&zynq, &words), Err(ProgramError::Image(why)));
        assert!(zynq.with(|model| model.logic.is_some()), "the logic of before is gone");
        assert!(Slcr::new(zynq.slcr()).unwrap().is_connected());
    }
}

#[test]
fn another_revision_of_the_device_is_the_same_device() {
    let mut image = image();
    image[15] |= 0x5000_0000;
    program(&Zynq::new(&image), &image).unwrap();
}

#[test]
fn an_image_that_is_cut_off_never_starts_up() {
    let mut image = image();
    image.pop();
    let zynq = Zynq::new(&image);
    assert_eq!(program(&zynq, &image), Err(ProgramError::TimedOut(Step::StartUp)));
    is_disconnected(&zynq);
}

#[test]
fn each_fault_is_told_and_leaves_the_logic_disconnected() {
    let image = image();
    for fault in [Fault::NeverClears, Fault::Transfer, Fault::QueueFull] {
        let zynq = Zynq::new(&image);
        zynq.with(|model| model.fault = Some(fault));
        let error = program(&zynq, &image).unwrap_err();
        match fault {
            Fault::NeverClears => assert_eq!(error, ProgramError::TimedOut(Step::Clearing)),
            Fault::QueueFull => assert_eq!(error, ProgramError::Busy),
            Fault::Transfer => {
                assert!(matches!(error, ProgramError::Transfer { events } if events.bits() & 1 << 22 != 0), "{error}");
            }
        }
        is_disconnected(&zynq);
        // And once it is gone, all is well.
        zynq.with(|model| model.fault = None);
        program(&zynq, &image).unwrap();
    }
}

#[test]
fn registers_that_stay_locked_are_told() {
    let zynq = Zynq::new(&[]);
    zynq.with(|model| model.secure = false);
    assert_eq!(Slcr::new(zynq.slcr()).unwrap_err(), Error::Locked);
}

#[test]
fn clocks_to_the_logic_are_read_and_set_and_no_others_touched() {
    let zynq = Zynq::new(&[]);
    let mut slcr = Slcr::new(zynq.slcr()).unwrap();
    let mut clocks = slcr.pl_clocks(50_000_000).unwrap();
    let read = clocks.read(0).unwrap();
    assert_eq!((read.hz(), read.source_hz, read.running), (41_666_667, 1_000_000_000, true), "{read}");
    assert_eq!(read.to_string(), "41.666667 MHz (IO PLL of 1000 MHz / 24 x 1)");

    // Another PLL, and a clock that was stopped.
    zynq.with(|model| (model.fabric_clocks[4], model.fabric_clocks[6]) = (0x0010_1830, 1));
    assert!(!clocks.read(1).unwrap().running);
    assert_eq!(clocks.set_hz(1, 150_000_000).unwrap().to_string(), "150 MHz (DDR PLL of 1050 MHz / 1 x 7)");
    assert_eq!(clocks.set_hz(0, 100_000_000).unwrap().hz(), 100_000_000);
    let set = zynq.with(|model| model.fabric_clocks);
    assert_eq!((set[0], set[4], set[6]), (0x00A0_0100, 0x0070_0130, 0), "the sources stay, and the second one runs");
    assert_eq!((set[8], set[12]), (0x0010_1800, 0x0010_1800));

    // A right frequency stays as it is, even if other dividers would give it too.
    zynq.with(|model| model.fabric_clocks[0] = 5 << 8 | 2 << 20);
    assert_eq!(clocks.plan(0, 100_000_000, 100, Divisors::new(1, 10)), Ok(None));
    assert_eq!(clocks.plan(0, 50_000_000, 100, Divisors::new(10, 2)), Ok(Divisors::new(10, 2)), "as the file has it");
    assert_eq!(
        clocks.plan(0, 50_000_000, 100, Divisors::new(5, 2)),
        Ok(Divisors::new(1, 20)),
        "the file's PLL was another"
    );
    let impossible = clocks.set_hz(0, 300_000_000).unwrap_err();
    let nearest =
        PlClockError::Impossible { number: 0, wanted: 300_000_000, nearest: 333_333_333, source_hz: 1_000_000_000 };
    assert_eq!(impossible, nearest, "{impossible}");
    assert!(matches!(clocks.set_hz(0, 0), Err(PlClockError::Impossible { .. })));
    assert!(matches!(clocks.set_hz(4, 1), Err(PlClockError::NoSuchClock { number: 4 })));
    zynq.with(|model| model.plls[2] |= 0b11);
    assert!(matches!(clocks.read(0), Err(PlClockError::UnknownSource { .. })), "the PLL is off");
}

#[test]
fn a_clock_that_is_not_taken_is_told() {
    let zynq = Zynq::new(&[]);
    // Locked since, and in a state in which it can't be unlocked.
    let mut clocks = PlClocks::zynq_7000(zynq.slcr(), 50_000_000).unwrap();
    zynq.with(|model| model.secure = false);
    let error = clocks.set_hz(0, 100_000_000).unwrap_err();
    assert_eq!(error, PlClockError::NotTaken { number: 0, wrote: 0x00A0_0100, read: 0x0010_1800 });
    zynq.with(|model| model.secure = true);
    assert_eq!(clocks.set_hz(0, 100_000_000).unwrap().hz(), 100_000_000, "unlocked by itself");
}
