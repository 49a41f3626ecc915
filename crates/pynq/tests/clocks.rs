//! Clocks of the logic: on a fake Zynq of either family, and on the simulated board.
#![cfg(all(feature = "uio", feature = "sim", target_os = "linux"))]
#![allow(clippy::unwrap_used)] // a test may

mod fake;

use fake::{Fake, HWH};
use pynq::{Error, PlClockError, Warning, prelude::*};

const SLCR: u64 = 0xF800_0000;
const IO_PLL: u64 = SLCR + 0x108;
const FCLK0: u64 = SLCR + 0x170;
const THROTTLE0: u64 = SLCR + 0x178;
const FCLK1: u64 = SLCR + 0x180;
/// Dividers as after a reset.
const RESET: u32 = 0x0010_1800;

/// A Zynq whose crystal has 50 MHz and whose IO PLL has 1000 MHz, all clocks as after a reset.
fn zynq() -> Fake {
    let fake = Fake::new();
    fake.programmable();
    fake.tree.file("sys/firmware/devicetree/base/compatible", "tul,pynq-z2\0xlnx,zynq-7000\0");
    fake.set(IO_PLL, 20 << 12);
    for clock in [FCLK0, FCLK1, FCLK1 + 0x10, FCLK1 + 0x20] {
        fake.set(clock, RESET);
    }
    crystal(&fake, 50_000_000);
    fake
}

fn crystal(fake: &Fake, hz: u32) {
    let path = fake.tree.path("sys/firmware/devicetree/base/axi/slcr@f8000000/clkc@100");
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("ps-clk-frequency"), hz.to_be_bytes()).unwrap();
}

fn open(fake: &Fake) -> pynq::Result<Overlay> {
    fake.options().open(fake.tree.path("design.bit"))
}

#[test]
fn opening_sets_the_clocks_before_it_programs() {
    let fake = zynq();
    fake.set(THROTTLE0, 1);
    let overlay = open(&fake).unwrap();
    // By the dividers of the file, since they give it here, and what was stopped runs.
    assert_eq!((fake.word(FCLK0), fake.word(THROTTLE0)), (5 << 8 | 2 << 20, 0));
    // That one was asked for as 142 MHz; the two that the design does not use stay.
    assert_eq!([FCLK1, FCLK1 + 0x10, FCLK1 + 0x20].map(|at| fake.word(at)), [7 << 8 | 1 << 20, RESET, RESET]);
    assert_eq!(overlay.warnings(), []);
    let clocks = overlay.clocks().unwrap();
    assert_eq!(clocks.read(0).unwrap().to_string(), "100 MHz (IO PLL of 1000 MHz / 5 x 2)");
    assert_eq!(clocks.designed_hz(0), Some(100_000_000));
    let set = clocks.set_hz(0, 50_000_000).unwrap();
    assert_eq!((set.hz(), fake.word(FCLK0)), (50_000_000, 1 << 8 | 20 << 20));
    // Programmed anew, it has the design's again.
    overlay.reload().unwrap();
    assert_eq!(clocks.read(0).unwrap().hz(), 100_000_000);
}

#[test]
fn what_is_right_already_is_left_alone() {
    let fake = zynq();
    // The same by other dividers; and bits that are not documented stay.
    let (first, second) = (10 << 8 | 1 << 20 | 1 << 31, 1 << 8 | 7 << 20);
    fake.set(FCLK0, first);
    fake.set(FCLK1, second);
    let overlay = open(&fake).unwrap();
    assert_eq!((fake.word(FCLK0), fake.word(FCLK1)), (first, second));
    assert_eq!(overlay.clocks().unwrap().read(0).unwrap().hz(), 100_000_000);
}

/// The file's dividers are for a PLL that this board's boot loader did not set up.
#[test]
fn another_pll_takes_other_dividers() {
    let fake = zynq();
    fake.set(IO_PLL, 40 << 12);
    let overlay = open(&fake).unwrap();
    assert_eq!((fake.word(FCLK0), fake.word(FCLK1)), (1 << 8 | 20 << 20, 1 << 8 | 14 << 20));
    assert_eq!(overlay.clocks().unwrap().read(0).unwrap().hz(), 100_000_000);
}

#[test]
fn a_frequency_that_the_board_can_t_make_is_refused_before_anything_is_changed() {
    let fake = zynq();
    fake.set(IO_PLL, 26 << 12);
    crystal(&fake, 5_000_000);
    let error = open(&fake).unwrap_err();
    let is = matches!(error, Error::PlClock(PlClockError::Impossible { number: 0, wanted: 100_000_000, .. }));
    assert!(is && error.to_string().contains("130 MHz at the nearest"), "{error}");
    assert_eq!((fake.word(FCLK0), fake.tree.read("sys/class/fpga_manager/fpga0/firmware")), (RESET, String::new()));
    // A program may keep the clocks as they are.
    let overlay = fake.options().set_clocks(false).open(fake.tree.path("design.bit")).unwrap();
    assert_eq!(fake.word(FCLK0), RESET);
    assert!(overlay.clocks().unwrap().set_hz(0, 130_000_000).is_ok());
}

#[test]
fn attaching_only_reads_and_warns() {
    let fake = zynq();
    fake.set(FCLK0, 14 << 8 | 1 << 20);
    fake.set(FCLK1, 7 << 8 | 1 << 20);
    let overlay = fake.attach().unwrap();
    let [Warning::ClockDiffers { clock, designed_hz: 100_000_000 }] = overlay.warnings()[..] else {
        panic!("{:?}", overlay.warnings())
    };
    assert_eq!((clock.hz(), fake.word(FCLK0)), (71_428_571, 14 << 8 | 1 << 20));
    assert!(overlay.warnings()[0].to_string().contains("71.428571 MHz"), "{}", overlay.warnings()[0]);
    overlay.clocks().unwrap().set_as_designed().unwrap();
    assert_eq!(fake.attach().unwrap().warnings(), []);
    fake.set(THROTTLE0, 1);
    assert!(matches!(fake.attach().unwrap().warnings()[..], [Warning::ClockStopped { .. }]));
    // Where the kernel keeps the registers to itself, or this is another machine, attaching goes on.
    fake.tree.file("sys/firmware/devicetree/base/compatible", "other,board\0");
    let warnings = fake.attach().unwrap().warnings();
    assert!(
        matches!(&warnings[..], [Warning::ClocksUnknown { why }] if why.contains("xlnx,zynq-7000")),
        "{warnings:?}"
    );
    assert!(fake.attach().unwrap().clocks().is_err());
}

#[test]
fn those_of_a_zynq_ultrascale_plus() {
    const CRL: u64 = 0xFF5E_0000;
    let fake = Fake::new();
    fake.tree.file("sys/firmware/devicetree/base/compatible", "xlnx,zynqmp-zcu104\0xlnx,zynqmp\0");
    // 33.333 MHz x 90 / 2; off the IOPLL, and the second one off the RPLL with a fraction.
    fake.set(CRL + 0x20, 90 << 8 | 1 << 16);
    fake.set(CRL + 0x30, 64 << 8 | 1 << 16);
    fake.set(CRL + 0x38, 1 << 31 | 0x8000);
    fake.set(CRL + 0xC0, 1 << 24 | 1 << 16 | 15 << 8);
    fake.set(CRL + 0xC4, 1 << 16 | 8 << 8 | 2);
    // The memory's, through the divider between the domains.
    fake.set(CRL + 0xC8, 1 << 24 | 1 << 16 | 4 << 8 | 3);
    fake.set(0xFD1A_002C, 64 << 8 | 1 << 16);
    fake.set(0xFD1A_004C, 2 << 8);
    let mut clocks = pynq::uio::open_pl_clocks(&fake.tree.paths(), 33_333_000).unwrap();
    let read = |number| clocks.read(number).unwrap();
    assert_eq!((read(0).hz(), read(0).running), (99_999_000, true));
    assert_eq!((read(1).source_hz, read(1).running), (1_074_989_250, false));
    assert_eq!((read(2).source_hz, read(2).hz()), (533_328_000, 133_332_000));
    let set = clocks.set_hz(1, 119_000_000).unwrap();
    assert_eq!((set.hz(), set.running), (119_443_250, true));
}

#[test]
fn the_simulated_board_has_them_as_designed() {
    let overlay = Overlay::simulated_from_str(HWH).unwrap();
    let clocks = overlay.clocks().unwrap();
    let used = clocks.in_use().unwrap();
    assert!(
        !used.is_empty() && used.iter().all(|clock| clock.is_at(clocks.designed_hz(clock.number).unwrap(), 10_000)),
        "{used:?}"
    );
    assert_eq!(clocks.set_hz(0, 142_857_143).unwrap().hz(), 142_857_143);
    assert!(matches!(clocks.set_hz(0, 700_000_000), Err(Error::PlClock(PlClockError::Impossible { .. }))));
    assert_eq!(overlay.clocks().unwrap().read(0).unwrap().hz(), 142_857_143, "the same registers");
    overlay.reload().unwrap();
    assert_eq!(overlay.clocks().unwrap().read(0).unwrap().hz(), 100_000_000);
    assert_eq!(overlay.warnings(), []);
}
