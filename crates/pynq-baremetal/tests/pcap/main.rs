//! Programming the logic, against a model of the registers that was written from the data sheet.
#![allow(clippy::unwrap_used)] // a test may

mod model;

use model::{Fault, IMAGE_AT, Zynq};
use pynq_baremetal::zynq::{Error, ImageError, Pcap, ProgramError, Slcr, Step};

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
        let told = program(&zynq, &image).unwrap_err();
        match fault {
            Fault::NeverClears => assert_eq!(told, ProgramError::TimedOut(Step::Clearing)),
            Fault::QueueFull => assert_eq!(told, ProgramError::Busy),
            Fault::Transfer => {
                assert!(matches!(told, ProgramError::Transfer { events } if events.bits() & 1 << 22 != 0), "{told}");
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
