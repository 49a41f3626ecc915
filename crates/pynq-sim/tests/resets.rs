//! Resets along the nets of handoff files: what is held does not answer, and the error says what holds it.
#![cfg(feature = "hwh")]
#![allow(clippy::unwrap_used)] // helpers of tests, outside of a #[test]

use std::{fmt::Write as _, path::Path};

use pynq_hwh::Design;
use pynq_sim::{Access, Board, BusError, BusErrorKind, Width};

const BUTTONS: &str = include_str!("../../pynq-hwh/fixtures/pynq-z2-buttons.hwh");
const SLCR: u64 = 0xF800_0000;
const PS_GPIO: u64 = 0xE000_A000;

fn board(text: &str) -> Board {
    Board::from_design(&Design::parse(text).unwrap()).unwrap()
}

/// Writes FPGA_RST_CTRL.
fn reset_logic(board: &Board, resets: u64) {
    board.bus_write(SLCR + 0x8, Width::Word, 0xDF0D);
    board.bus_write(SLCR + 0x240, Width::Word, resets);
    board.bus_write(SLCR + 0x4, Width::Word, 0x767B);
}

/// Lines of the extended GPIO, all of them outputs.
fn set_lines(board: &Board, lines: u64) {
    for (offset, value) in [(0x284, u64::from(u32::MAX)), (0x288, u64::from(u32::MAX)), (0x48, lines)] {
        board.bus_write(PS_GPIO + offset, Width::Word, value);
    }
}

/// The error of a read at an address, if it is one.
fn read(board: &Board, address: u64) -> Result<u64, BusError> {
    let value = board.bus_read(address, Width::Word);
    board.take_bus_errors().pop().map_or(Ok(value), Err)
}

#[test]
fn the_processing_systems_reset_holds_the_design() {
    let board = board(BUTTONS);
    let leds = board.window("leds_gpio").unwrap();
    leds.write(0, 0b1010);
    reset_logic(&board, 0b0001);
    let line = line!() + 1;
    leds.write(0, 1);
    let errors = board.take_bus_errors();
    let [error] = &errors[..] else { panic!("{errors:?}") };
    assert_eq!((error.kind, error.access, error.address), (BusErrorKind::InReset, Access::Write, leds.base()));
    assert_eq!((error.master.as_str(), error.caller.line()), ("processor", line));
    assert_eq!(error.held_by.as_deref(), Some("rst_ps7_0_fclk0/peripheral_aresetn"));
    let text = error.to_string();
    for part in ["write at 0x41250000", "resets.rs", "held in reset by rst_ps7_0_fclk0/peripheral_aresetn"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(board.output("leds_gpio", 1), Ok(0), "it is at its reset state");
    reset_logic(&board, 0b0010);
    assert_eq!(leds.read(0), 0, "another clock's reset holds nothing here");
    board.reload();
    assert_eq!(board.window("leds_gpio").unwrap().read(0), 0);
}

#[test]
fn a_line_of_the_extended_gpio_holds_it_too() {
    let board = board(BUTTONS);
    set_lines(&board, 0b01);
    assert_eq!(read(&board, 0x4121_0000), Ok(0), "the other line");
    set_lines(&board, 0b10);
    assert_eq!(read(&board, 0x4121_0000).unwrap_err().kind, BusErrorKind::InReset);
    set_lines(&board, 0b00);
    assert_eq!(read(&board, 0x4121_0000), Ok(0));
    // Held by hand, in a test.
    board.set_line("pl_soft_reset/Dout", true).unwrap();
    assert!(read(&board, 0x4121_0000).is_err());
    board.release_line("pl_soft_reset/Dout").unwrap();
    assert_eq!(read(&board, 0x4121_0000), Ok(0));
}

/// A design with an interconnect, blocks behind it, and wires.
struct Nets {
    wires: Vec<(String, String)>,
    cells: String,
}

impl Nets {
    fn new() -> Self {
        Self { wires: Vec::new(), cells: String::new() }
    }

    fn wire(mut self, driver: &str, load: &str) -> Self {
        self.wires.push((driver.into(), load.into()));
        self
    }

    /// A cell with parameters, and its pins as far as they are wired.
    fn cell(mut self, name: &str, vlnv: &str, parameters: &[(&str, &str)], buses: &str) -> Self {
        let kind = vlnv.split(':').nth(2).unwrap();
        let _ = writeln!(
            self.cells,
            "<MODULE FULLNAME=\"/{name}\" INSTANCE=\"{name}\" MODTYPE=\"{kind}\" VLNV=\"{vlnv}\">"
        );
        self.cells += "<PARAMETERS>";
        for (name, value) in parameters {
            let _ = write!(self.cells, "<PARAMETER NAME=\"{name}\" VALUE=\"{value}\"/>");
        }
        self.cells += "</PARAMETERS><PORTS>";
        for (index, (driver, load)) in self.wires.iter().enumerate() {
            for (end, direction) in [(driver, "O"), (load, "I")] {
                if let Some(pin) = end.strip_prefix(name).and_then(|pin| pin.strip_prefix('/')) {
                    // One net for each driver.
                    let net = self.wires.iter().position(|wire| wire.0 == *driver).unwrap_or(index);
                    let port = format!("<PORT DIR=\"{direction}\" NAME=\"{pin}\" SIGIS=\"rst\" SIGNAME=\"net{net}\"/>");
                    if !self.cells.ends_with(&port) {
                        self.cells += &port;
                    }
                }
            }
        }
        let _ = writeln!(self.cells, "</PORTS><BUSINTERFACES>{buses}</BUSINTERFACES></MODULE>");
        self
    }

    fn board(self) -> Board {
        let range = |name: &str, base: u64| {
            format!(
                "<MEMRANGE ADDRESSBLOCK=\"Reg\" BASEVALUE=\"{base:#x}\" HIGHVALUE=\"{:#x}\" INSTANCE=\"{name}\" \
                 MASTERBUSINTERFACE=\"M_AXI_GP0\" MEMTYPE=\"REGISTER\" SLAVEBUSINTERFACE=\"S_AXI\"/>",
                base + 0xFFFF
            )
        };
        let text = format!(
            "<EDKSYSTEM><SYSTEMINFO ARCH=\"zynq\" DEVICE=\"7z020\" NAME=\"nets\"/><MODULES>\
             <MODULE FULLNAME=\"/ps\" INSTANCE=\"ps\" MODCLASS=\"PROCESSOR\" MODTYPE=\"processing_system7\" \
             VLNV=\"xilinx.com:ip:processing_system7:5.5\"><MEMORYMAP>{}{}</MEMORYMAP></MODULE>{}</MODULES></EDKSYSTEM>",
            range("block", 0x4000_0000),
            range("resets", 0x4001_0000),
            self.cells
        );
        board(&text)
    }
}

const GPIO: &str = "xilinx.com:ip:axi_gpio:2.0";
const RST: &str = "xilinx.com:ip:proc_sys_reset:5.0";
const BLOCK: u64 = 0x4000_0000;
const RESETS: u64 = 0x4001_0000;

/// A GPIO whose outputs reset something.
const OUTPUTS: [(&str, &str); 2] = [("C_ALL_OUTPUTS", "1"), ("C_GPIO_WIDTH", "2")];

/// What the outputs hold when they are these.
fn held(board: &Board, outputs: [u64; 3]) -> [bool; 3] {
    outputs.map(|value| {
        board.bus_write(RESETS, Width::Word, value);
        read(board, BLOCK).is_err()
    })
}

#[test]
fn the_polarity_is_that_of_the_input() {
    for (pin, held_at) in [("s_axi_aresetn", 0), ("ap_rst_n", 0), ("Reset", 1), ("rst", 1)] {
        let load = format!("block/{pin}");
        let nets = Nets::new().wire("resets/gpio_io_o", &load).wire("resets/gpio_io_o", "block/Debug_Rst");
        let one = [("C_ALL_OUTPUTS", "1"), ("C_GPIO_WIDTH", "1")];
        let board = nets.cell("block", GPIO, &[], "").cell("resets", GPIO, &one, "").board();
        assert_eq!(held(&board, [0, 1, 0]), [held_at == 0, held_at == 1, held_at == 0], "{pin}");
    }
}

#[test]
fn a_reset_passes_gates_slices_and_reset_blocks() {
    // The second bit, inverted, is the auxiliary reset of a block whose outputs hold the GPIO.
    let board = Nets::new()
        .wire("resets/gpio_io_o", "slice/Din")
        .wire("slice/Dout", "not/Op1")
        .wire("not/Res", "rst/aux_reset_in")
        .wire("one/dout", "rst/dcm_locked")
        .wire("rst/peripheral_aresetn", "block/s_axi_aresetn")
        .cell("block", GPIO, &[], "")
        .cell("resets", GPIO, &OUTPUTS, "")
        .cell("slice", "xilinx.com:ip:xlslice:1.0", &[("DIN_FROM", "1"), ("DIN_TO", "1"), ("DIN_WIDTH", "2")], "")
        .cell("not", "xilinx.com:ip:util_vector_logic:2.0", &[("C_OPERATION", "not"), ("C_SIZE", "1")], "")
        .cell("one", "xilinx.com:ip:xlconstant:1.1", &[("CONST_VAL", "1")], "")
        .cell("rst", RST, &[("C_AUX_RESET_HIGH", "1")], "")
        .board();
    assert_eq!(held(&board, [0b00, 0b10, 0b01]), [true, false, true]);
    // The clock that is not locked any more, in a test.
    board.bus_write(RESETS, Width::Word, 0b10);
    board.set_line("one/dout", false).unwrap();
    let error = read(&board, BLOCK).unwrap_err();
    assert_eq!(error.held_by.as_deref(), Some("rst/peripheral_aresetn"));
}

#[test]
fn an_input_that_nothing_here_drives_is_inactive_until_a_test_drives_it() {
    for (high, active) in [("0", false), ("1", true)] {
        let board = Nets::new()
            .wire("board_logic/reset_out", "rst/ext_reset_in")
            .wire("rst/peripheral_aresetn", "block/s_axi_aresetn")
            .cell("block", GPIO, &[], "")
            .cell("resets", GPIO, &OUTPUTS, "")
            .cell("board_logic", "example.org:ip:logic:1.0", &[], "")
            .cell("rst", RST, &[("C_EXT_RESET_HIGH", high)], "")
            .board();
        assert!(read(&board, BLOCK).is_ok(), "{high}");
        board.set_line("board_logic/reset_out", active).unwrap();
        assert!(read(&board, BLOCK).is_err(), "{high}");
        board.set_line("board_logic/reset_out", !active).unwrap();
        assert!(read(&board, BLOCK).is_ok(), "{high}");
    }
}

#[test]
fn an_interconnect_in_reset_passes_nothing_on() {
    let end = |bus: &str, name: &str, role: &str| {
        format!(
            "<BUSINTERFACE BUSNAME=\"{bus}\" NAME=\"{name}\" TYPE=\"{role}\" VLNV=\"xilinx.com:interface:aximm:1.0\"/>"
        )
    };
    let board = Nets::new()
        .wire("rst/interconnect_aresetn", "ic/ARESETN")
        .wire("resets/gpio_io_o", "rst/aux_reset_in")
        .cell("block", GPIO, &[], &end("m00", "S_AXI", "SLAVE"))
        .cell("resets", GPIO, &[("C_ALL_OUTPUTS", "1"), ("C_GPIO_WIDTH", "1")], "")
        .cell("ic", "xilinx.com:ip:axi_interconnect:2.1", &[], &end("m00", "M00_AXI", "MASTER"))
        .cell("rst", RST, &[("C_AUX_RESET_HIGH", "1")], "")
        .board();
    assert_eq!(held(&board, [0, 1, 0]), [false, true, false]);
    board.bus_write(RESETS, Width::Word, 1);
    assert_eq!(read(&board, BLOCK).unwrap_err().held_by.as_deref(), Some("rst/interconnect_aresetn"));
}

fn real(name: &str) -> Option<(Design, Board)> {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR") else {
        println!("skipped the real handoff files: PYNQ_HWH_DIR is not set");
        return None;
    };
    let design = Design::read(Path::new(&folder).join(name)).unwrap();
    let board = Board::from_design(&design).unwrap();
    Some((design, board))
}

/// Blocks that answer at their first address.
fn answering(design: &Design, board: &Board) -> Vec<String> {
    let answers = |base: u64| !matches!(read(board, base), Err(BusError { kind: BusErrorKind::InReset, .. }));
    design.ip.iter().filter(|(_, block)| answers(block.base)).map(|(path, _)| path.clone()).collect()
}

#[test]
fn the_base_overlay_is_held_by_the_resets_of_its_clocks_and_each_io_processor_by_its_line() {
    let Some((design, board)) = real("z2-base.hwh") else { return };
    let all = answering(&design, &board);
    assert_eq!(all.len(), design.ip.len(), "nothing is held to begin with");
    reset_logic(&board, 1);
    let left = answering(&design, &board);
    assert!(left.is_empty(), "one reset of the processing system holds all: {left:?}");
    reset_logic(&board, 0);
    assert_eq!(answering(&design, &board), all);
    // Its own peripherals are in the I/O processor's reset; its memory and its request are not.
    set_lines(&board, 1 << 0);
    let held = |path: &str, space: &str| {
        let held = board.port(&format!("{path}/peripheral_aresetn")).unwrap() == 0;
        assert!(held, "{space}");
    };
    held("iop_pmoda/rst_clk_wiz_1_100M", "iop_pmoda");
    assert_eq!(board.port("iop_pmodb/rst_clk_wiz_1_100M/peripheral_aresetn"), Ok(1));
    assert_eq!(answering(&design, &board), all, "what the processor sees of it goes on");
}

#[test]
fn a_boards_own_reset_button_holds_the_zcu104s_design() {
    let Some((design, board)) = real("zcu104-base.hwh") else { return };
    let all = answering(&design, &board);
    assert_eq!(all.len(), design.ip.len());
    for (line, active) in [("reset", true), ("ps_e_0/pl_resetn0", false)] {
        board.set_line(line, active).unwrap();
        let held = all.len() - answering(&design, &board).len();
        assert!(held > all.len() / 2, "{line} holds {held} of {}", all.len());
        board.set_line(line, !active).unwrap();
        assert_eq!(answering(&design, &board), all, "{line}");
    }
}

#[test]
fn a_clock_that_stands_still_silences_the_blocks_on_it() {
    let board = board(BUTTONS);
    board.stop_clock("ps7_0/FCLK_CLK0", true).unwrap();
    let error = read(&board, 0x4121_0000).unwrap_err();
    assert_eq!(error.kind, BusErrorKind::NoClock);
    assert!(error.to_string().contains("clock stands still") && error.to_string().contains("resets.rs"), "{error}");
    board.stop_clock("ps7_0/FCLK_CLK0", false).unwrap();
    assert_eq!(read(&board, 0x4121_0000), Ok(0));
    board.stop_clock("leds_gpio", true).unwrap();
    assert_eq!((read(&board, 0x4121_0000).is_ok(), read(&board, 0x4125_0000).is_ok()), (true, false));
    assert!(board.stop_clock("ps7_0/FCLK_CLK7", true).is_err());
    board.hold_in_reset("btns_gpio", true).unwrap();
    assert_eq!(read(&board, 0x4121_0000).unwrap_err().held_by, None, "by hand");
}

#[test]
fn the_base_overlays_clocks_are_those_of_its_nets() {
    let Some((design, board)) = real("z2-base.hwh") else { return };
    let mut left: Vec<String> = design.ip.keys().cloned().collect();
    for clock in 0..4 {
        board.stop_clock(&format!("ps7_0/FCLK_CLK{clock}"), true).ok();
    }
    left.retain(|path| {
        let silent = read(&board, design.ip[path].base).is_err_and(|error| error.kind == BusErrorKind::NoClock);
        !silent
    });
    assert!(left.is_empty(), "on no clock of the processing system: {left:?}");
}
