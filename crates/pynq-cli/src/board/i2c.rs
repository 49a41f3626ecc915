//! `pynq i2c scan`: which addresses of an I2C bus are acknowledged.
//!
//! On a board the block is used without its interrupt, for as long as the scan takes, and reset before and after it: the
//! design needs no more than its registers. A simulated one is as the design has it, with the parts that are named.

use std::time::{Duration, Instant};

use pynq::{
    Driver, Overlay,
    core::Parameters,
    drivers::axi_iic::{AxiIic, AxiIicError, AxiIicHardware, Nack},
    sim::{
        BoardBuilder,
        parts::i2c::{Bme280, Ds3231, Eeprom, Lis3dh, Ssd1306, Target as Part, Tmp117},
    },
    uio::{self, Claim, KernelDriver, SystemPaths},
};
use pynq_hwh::{Design, IpBlock};

use super::{I2c, Scan, peek::may_access, system, target::Target};
use crate::{Outcome, printable, succeeded};

/// The addresses that are not reserved.
const ADDRESSES: std::ops::RangeInclusive<u8> = 0x08..=0x77;

/// How long a probe may take: no part holds the clock for as long.
const PATIENCE: Duration = Duration::from_millis(100);

/// A part's name, and how it is put onto a board.
type Shelved = (&'static str, fn(BoardBuilder, &str) -> BoardBuilder);

/// The shelf of the simulated board.
const PARTS: [Shelved; 6] = [
    ("bme280", |board, name| board.part(name, Part::new(Bme280::new()))),
    ("ds3231", |board, name| board.part(name, Part::new(Ds3231::new()))),
    ("eeprom", |board, name| board.part(name, Part::new(Eeprom::of_24c02()))),
    ("lis3dh", |board, name| board.part(name, Part::new(Lis3dh::new()))),
    ("ssd1306", |board, name| board.part(name, Part::new(Ssd1306::of_64_lines()))),
    ("tmp117", |board, name| board.part(name, Part::new(Tmp117::new()))),
];

pub(super) fn run(arguments: &I2c) -> Outcome {
    let I2c::Scan(arguments) = arguments;
    let design = system::design(Some(&arguments.hwh))?.ok_or("no design")?;
    let block = design.ip_block(&arguments.block).map_err(|error| error.to_string())?.clone();
    if block.vlnv_without_version() != AxiIic::VLNV {
        return Err(format!(
            "{} is a {}, and no {}; the design has {}",
            arguments.block,
            block.kind(),
            AxiIic::NAME,
            blocks(&design)
        ));
    }
    let found = match &arguments.simulate {
        Some(parts) => simulated(design, &arguments.block, parts)?,
        None => on_the_board(&arguments.system.paths(), arguments, &design, &block)?,
    };
    let text = match &found[..] {
        [] => {
            format!("no target acknowledged an address from {:#04x} to {:#04x}\n", ADDRESSES.start(), ADDRESSES.end())
        }
        found => found.iter().map(|address| format!("{address:#04x}\n")).collect(),
    };
    Ok(succeeded(printable(&text)))
}

/// The blocks that could have been meant.
fn blocks(design: &Design) -> String {
    let all = design.ip.iter().filter(|(_, block)| block.vlnv_without_version() == AxiIic::VLNV);
    let names = all.map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn simulated(design: Design, block: &str, parts: &[String]) -> Result<Vec<u8>, String> {
    let mut board = BoardBuilder::from_design(&design, |_| None);
    for name in parts {
        let Some((_, put)) = PARTS.iter().find(|(known, _)| known == name) else {
            let known = PARTS.map(|(known, _)| known).join(", ");
            return Err(format!("there is no simulated `{name}`; there are {known}"));
        };
        board = put(board, name).join(&format!("{block}/IIC"), &format!("{name}/bus"));
    }
    let board = board.build().map_err(|error| error.to_string())?;
    let overlay = Overlay::on_board(design, board);
    let iic = overlay.iic(block).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    for address in ADDRESSES {
        if iic.probe(address).map_err(|error| error.to_string())? {
            found.push(address);
        }
    }
    Ok(found)
}

fn on_the_board(paths: &SystemPaths, scan: &Scan, design: &Design, block: &IpBlock) -> Result<Vec<u8>, String> {
    let target = Target::parse(&scan.block, Some(design))?;
    may_access(paths, &target)?;
    if let Some(KernelDriver { driver, .. }) = KernelDriver::at(paths, block.base) {
        return Err(format!(
            "the kernel's driver {driver} has {}, and both at once would break each other's transfers; use i2cdetect",
            scan.block
        ));
    }
    let _claim =
        Claim::address(paths, block.base).map_err(|error| format!("{} can't be claimed: {error}", scan.block))?;
    let size = usize::try_from(block.size).map_err(|_| "that is more than this processor can address".to_owned())?;
    let window = uio::open_window(paths, block.base, size).map_err(|error| error.to_string())?;
    let built = block.parameters.built();
    let numbers: Vec<(&str, u64)> = built.numbers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let config = AxiIic::configure(&Parameters::new(&numbers, block.clock_hz)).map_err(|error| error.to_string())?;
    let mut hardware = AxiIicHardware::new(window, config).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    for address in ADDRESSES {
        let end = Instant::now() + PATIENCE;
        let probe = &mut [pynq::drivers::axi_iic::Operation::Write(&[])];
        match hardware.transaction_by_polling(address, probe, || Instant::now() < end) {
            Ok(()) => found.push(address),
            Err(AxiIicError::Nack(Nack::Address)) => {}
            Err(AxiIicError::Node(_)) => return Err(AxiIicError::BusStuck { after: PATIENCE }.to_string()),
            Err(error) => return Err(format!("{address:#04x}: {error}")),
        }
    }
    Ok(found)
}
