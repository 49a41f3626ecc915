//! PYNQ's own programs, where they are there: `cargo xtask firmware` fetches them.

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use pynq::{
    MicroblazeProgram, Overlay,
    drivers::microblaze::{BusWidth, MicroblazeError, Program, PynqMicroblaze},
    sim::{
        BusErrorKind,
        fabric::{Fabric, FabricBuilder},
        models::{AxiGpioModel, AxiTimerModel, GpioChannel, GpioParams, IoSwitchModel, TimerParams},
    },
};

use pynq_iss::Condition;

use crate::{
    assembler::Assembler,
    support::{IOP, Random},
};

pub(crate) const RELEASES: [&str; 2] = ["3.1.2", "2.5.4"];

/// The programs of a release by their file names, wherever its package has them.
pub(crate) fn find(name: &str, release: &str) -> Option<PathBuf> {
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

/// The processor of a Pmod connector, with a program of PYNQ's running.
pub(crate) fn run(overlay: &Overlay, file: &Path) -> PynqMicroblaze {
    let program = MicroblazeProgram::read(file).expect("a program");
    let iop = overlay.microblaze("iop_pmoda").expect("it is there");
    iop.load(&Program::new(&program.segments())).expect("it fits");
    iop
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

/// All programs for a Pmod, each for some milliseconds after its first command: they touch nothing that is not there, and the clock
/// goes on.
#[test]
fn all_programs_for_a_pmod_run() {
    for release in RELEASES {
        let Some(first) = find("pmod_mailbox.bin", release) else { return };
        let folder = first.parent().expect("a folder");
        let mut names: Vec<PathBuf> =
            folder.read_dir().expect("it is there").flatten().map(|entry| entry.path()).collect();
        names.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pmod_")));
        names.sort();
        assert!(names.len() >= 8, "{names:?}");
        for file in names {
            let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
            let program = MicroblazeProgram::read(&file).expect("a program");
            // The base overlay has the IIC and the SPI controller, too.
            let overlay = overlays().pop().expect("there is one");
            let board = overlay.simulation().expect("it is simulated");
            let iop = overlay.microblaze("iop_pmoda").expect("it is there");
            iop.load(&Program::new(&program.segments())).expect("it fits");
            overlay.sleep(Duration::from_millis(5)).expect("no error");
            // Those that have a mailbox have an odd command 1.
            iop.write(0xFFFC, &[1]).expect("its memory");
            overlay.sleep(Duration::from_millis(5)).expect("no error");
            let is_there = |path: &str| board.address_range(path).is_ok() || board.view(path).is_ok();
            let errors = board.take_bus_errors();
            // Some read a FIFO that is empty, as they do on the hardware, where nobody hears of the error.
            let unmapped = errors.iter().filter(|error| error.kind == BusErrorKind::Unmapped);
            let unknown = unmapped.into_iter().find(|error| match error.address {
                0x4080_0000..0x4081_0000 => is_there("iop_pmoda/iic"),
                0x44A1_0000..0x44A2_0000 => is_there("iop_pmoda/spi"),
                _ => true,
            });
            assert!(unknown.is_none(), "{name} of {release}: {unknown:?}");
            println!("PYNQ {release}: {name}, {:?}", board.view("iop_pmoda/mb").expect("it is there"));
        }
    }
}

/// How fast four processors of the base overlay are: with PYNQ's programs, which wait for commands, and with programs that never
/// wait. The figures are printed; what is asserted is that all of them got on.
#[test]
fn four_processors_at_once() {
    if env::var_os("PYNQ_HWH_DIR").is_none() || find("pmod_mailbox.bin", RELEASES[0]).is_none() {
        println!("skipped: the base overlay or PYNQ's programs are not there");
        return;
    }
    let overlay = overlays().pop().expect("the base overlay");
    let board = overlay.simulation().expect("it is simulated");
    let begin = |what: &str, time: Duration| {
        let (wall, before) = (std::time::Instant::now(), board.now());
        overlay.sleep(time).expect("no error");
        let (took, passed) = (wall.elapsed(), board.now().duration_since(before));
        println!(
            "four processors, {what}: {passed:?} of the board took {took:?}, {:.2} of real time",
            passed.as_secs_f64() / took.as_secs_f64()
        );
    };
    let programs = [
        ("iop_pmoda", "pmod_mailbox"),
        ("iop_pmodb", "pmod_oled"),
        ("iop_arduino", "arduino_mailbox"),
        ("iop_rpi", "pmod_mailbox"),
    ];
    for (path, name) in programs {
        let Some(file) = find(&format!("{name}.bin"), RELEASES[0]) else { return };
        let program = MicroblazeProgram::read(file).expect("a program");
        overlay.microblaze(path).expect("it is there").load(&Program::new(&program.segments())).expect("it fits");
    }
    begin("PYNQ's programs from their start", Duration::from_millis(20));
    begin("PYNQ's programs waiting for commands", Duration::from_millis(200));
    let mut busy = Assembler::new();
    busy.label("again").li(6, 0x1000).li(7, 64).label("sum").lw(8, 6, 0).add(9, 9, 8).xor(9, 9, 7).sw(9, 6, 0);
    busy.addi(6, 6, 4).addi(7, 7, -1).jump_if(Condition::NotEqual, 7, "sum").jump("again");
    for (path, _) in programs {
        let iop = overlay.microblaze(path).expect("it is there");
        iop.load_by_force(&Program::raw(&busy.bytes())).expect("it fits");
    }
    begin("never waiting", Duration::from_millis(20));
    for (path, _) in programs {
        let mut words = [0; 64];
        overlay.microblaze(path).expect("it is there").read(0x1000, &mut words).expect("its memory");
        assert!(words.iter().all(|word| *word != 0), "{path} got on");
    }
}
