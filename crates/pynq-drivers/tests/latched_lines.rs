//! `latched_lines!` on registers that do what it asks for: a status that written ones clear, enables beside other bits.

use pynq_core::{
    Window,
    interrupt::InterruptHardware,
    latched_lines, register_map,
    regs::{Rw, W1c},
};
use pynq_sim::{
    Board,
    device::{Bus, Device, Port},
};

register_map! {
    /// Enables from bit 4, a status from bit 8.
    struct Map, size 0x8 {
        /// Bits 4 to 6 enable an interrupt each; the others are for something else.
        0x0 => control: Rw<u32>,
        /// Bits 8 to 10: what happened.
        0x4 => status: W1c<u32>,
    }
}

struct Hardware {
    registers: Map<Window>,
}

latched_lines! {
    impl InterruptHardware for Hardware {
        lines: 3,
        enable: registers.control() << 4,
        status: registers.status() << 8,
    }
}

struct Model {
    control: u32,
    status: u32,
}

impl Device for Model {
    fn reset(&mut self, _: &mut Bus<'_>) {}

    fn read(&mut self, offset: u32, _: &mut Bus<'_>) -> u32 {
        if offset == 0 { self.control } else { self.status }
    }

    fn write(&mut self, offset: u32, value: u32, _: &mut Bus<'_>) {
        match offset {
            0 => self.control = value,
            _ => self.status &= !value,
        }
    }

    fn ports(&self) -> &[Port] {
        &[]
    }
}

#[test]
fn lines_are_masked_and_cleared_each_by_itself() {
    let model = Model { control: 0x8000_0003, status: 0x700 };
    let board = Board::builder().device("block", 0x4000_0000, 0x1000, model).build().unwrap();
    let window = board.window("block").unwrap();
    let read = |offset| window.read(offset);
    let erased = Window::boxed(board.window("block").unwrap());
    let mut hardware = Hardware { registers: Map::new(erased).unwrap() };

    hardware.unmask(0b110);
    assert_eq!(read(0), 0x8000_0063, "the other bits are as they were");
    hardware.mask(0b010);
    assert_eq!(read(0), 0x8000_0043);

    assert_eq!(hardware.ack_pending(0b001), 0b001);
    assert_eq!(read(4), 0x600, "lines that were not asked for keep theirs");
    assert_eq!(hardware.ack_pending(0b001), 0);
    assert_eq!(hardware.take_latched(0b010), 0b010, "pending though it is masked");
    assert_eq!(read(4), 0x400);
    assert_eq!(hardware.clears_on_ack(), 0b111);
}
