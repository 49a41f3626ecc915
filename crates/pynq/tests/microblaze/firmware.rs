//! PYNQ's own programs, where they are there: `cargo xtask firmware` fetches them.

use std::{env, path::PathBuf};

use pynq::{
    MicroblazeProgram, Overlay,
    drivers::microblaze::{BusWidth, MicroblazeError, Program},
    sim::{
        fabric::{Fabric, FabricBuilder},
        models::{AxiGpioModel, AxiTimerModel, GpioChannel, GpioParams, IoSwitchModel, TimerParams},
    },
};

use crate::support::{IOP, Random};

const RELEASES: [&str; 2] = ["3.1.2", "2.5.4"];

/// The programs of a release by their file names, wherever its package has them.
fn find(name: &str, release: &str) -> Option<PathBuf> {
    let Some(folder) = env::var_os("PYNQ_FIRMWARE_DIR") else {
        println!(
            "skipped: PYNQ_FIRMWARE_DIR does not say where PYNQ's programs are; `cargo xtask firmware` fetches them"
        );
        return None;
    };
    let mut folders = vec![PathBuf::from(folder).join(release)];
    while let Some(next) = folders.pop() {
        for entry in next.read_dir().into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|found| found == name) {
                return Some(path);
            }
        }
    }
    panic!("{name} of PYNQ {release} is not in PYNQ_FIRMWARE_DIR");
}

/// The handoff files on which they run: the small one of this repository, and the base overlay where it is there.
fn overlays() -> Vec<Overlay> {
    let own = Overlay::simulated_from_str(IOP).expect("an overlay");
    match env::var_os("PYNQ_HWH_DIR") {
        Some(folder) => {
            let base = Overlay::simulated(PathBuf::from(folder).join("z2-base.hwh")).expect("an overlay");
            vec![own, base]
        }
        None => vec![own],
    }
}

/// The same models, without a processor in front of them.
fn reference() -> Fabric {
    let pins = GpioParams { channel1: GpioChannel { width: 8, ..GpioChannel::default() }, ..GpioParams::default() };
    FabricBuilder::new()
        .device("gpio", GPIO.into(), 0x1_0000, AxiGpioModel::new(pins))
        .device("timer", TIMER.into(), 0x1_0000, AxiTimerModel::new(TimerParams::default()))
        .device("switch", SWITCH.into(), 0x1_0000, IoSwitchModel::new(8))
        .build()
        .expect("a fabric")
}

const GPIO: u32 = 0x4000_0000;
const TIMER: u32 = 0x41C0_0000;
const SWITCH: u32 = 0x44A2_0000;

/// A register, and the bits that are written to it: a timer that counts would tell the time, which the two sides don't share.
const REGISTERS: [(u32, u32); 7] = [
    (GPIO, 0xFF),
    (GPIO + 4, 0xFF),
    (TIMER, 0x37),
    (TIMER + 4, u32::MAX),
    (TIMER + 8, 0),
    (SWITCH, 0),
    (SWITCH + 4, 0),
];

#[test]
fn the_mailbox_program_reads_and_writes_the_peripherals() {
    for release in RELEASES {
        let Some(file) = find("pmod_mailbox.bin", release) else { return };
        let program = MicroblazeProgram::read(file).expect("a program");
        for overlay in overlays() {
            let iop = overlay.microblaze("iop_pmoda").expect("it is there");
            let loaded = iop.load(&Program::new(&program.segments())).expect("it fits");
            assert!(!loaded.overlaps_mailbox);
            let mut bus = iop.bus().expect("it runs");
            let mut reference = reference();
            let mut random = Random(0x1234_5678);
            let (mut reads, mut writes) = (0, 0);
            while reads < 1_000 || writes < 1_000 {
                let (address, bits) = REGISTERS[random.below(REGISTERS.len() as u32) as usize];
                if random.below(2) == 0 {
                    // The pins of the switch are the GPIO's, so that what these read is what they drive.
                    let value = random.next() & bits;
                    bus.write(address, BusWidth::Word, value).expect("an answer");
                    reference.write(address.into(), value).expect("a register");
                    writes += 1;
                } else {
                    let expected = reference.read(address.into()).expect("a register");
                    let found = bus.read(address, BusWidth::Word).expect("an answer");
                    assert_eq!(found, expected, "at {address:#x}, PYNQ {release}, read {reads}");
                    reads += 1;
                }
            }
            println!("PYNQ {release} on {}: {reads} reads and {writes} writes agree", overlay.name());
        }
    }
}

#[test]
fn the_mailbox_program_has_bytes_halves_and_bursts() {
    for release in RELEASES {
        let Some(file) = find("pmod_mailbox.bin", release) else { return };
        let program = MicroblazeProgram::read(file).expect("a program");
        let overlay = Overlay::simulated_from_str(IOP).expect("an overlay");
        let iop = overlay.microblaze("iop_pmoda").expect("it is there");
        iop.load(&Program::new(&program.segments())).expect("it fits");
        let mut bus = iop.bus().expect("it runs");
        // The switch takes bytes.
        bus.write(SWITCH + 2, BusWidth::Byte, 0x1B).expect("an answer");
        bus.write(SWITCH + 4, BusWidth::Half, 0x1011).expect("an answer");
        assert_eq!(bus.read(SWITCH, BusWidth::Word).expect("an answer"), 0x001B_0000, "{release}");
        assert_eq!(bus.read(SWITCH + 2, BusWidth::Byte).expect("an answer"), 0x1B);
        assert_eq!(bus.read(SWITCH + 4, BusWidth::Half).expect("an answer"), 0x1011);
        // Its own memory is on its bus, too; a burst goes to one address.
        let words: Vec<u32> = (0..130).map(|number| number * 0x0101_0101).collect();
        bus.write_burst(0x8000, &words).expect("an answer");
        assert_eq!(bus.read(0x8000, BusWidth::Word).expect("an answer"), *words.last().expect("there are some"));
        let mut same = [0; 70];
        bus.read_burst(0x8000, &mut same).expect("an answer");
        assert_eq!(same, [words[129]; 70]);
        let error = bus.read(0x8001, BusWidth::Half).expect_err("not aligned");
        assert_eq!(*error.cause(), MicroblazeError::Unaligned { address: 0x8001, width: 2 });
    }
}
