//! Each access kind on a fake window, the table of registers, and the windows a map refuses.

use core::{cell::UnsafeCell, ptr::NonNull};

use super::{
    Access, Cor, FieldInfo, ReadAccess, RegisterMap, Ro, Rw, RwCor, RwW1c, Rwh, Toggle, W1c, W1s, WindowTooSmall, Wo,
    WoClear, WoSet, WriteAccess,
};
use crate::{
    Mmio, Volatile,
    maps::{AxiIntcRegisters, AxiIntcVectorRegisters, MasterEnable},
};

crate::register_bits! {
    struct Bits {
        const RUN = 1 << 0;
        const DONE = 1 << 1;
        const COUNT = 0xFF << 8;
    }
}

crate::register_map! {
    struct Probe, size 0x60 {
        0x00 => ro: Ro<Bits>,
        0x04 => rw: Rw<Bits>,
        0x08 => rwh: Rwh<u32>,
        0x0C => wo: Wo<u8>,
        0x10 => w1c: W1c<Bits>,
        0x14 => w1s: W1s<Bits>,
        0x18 => toggle: Toggle<Bits>,
        0x1C => cor: Cor<u16>,
        0x20 => rw_cor: RwCor<Bits>,
        0x24 => wo_clear: WoClear<u32>,
        0x28 => wo_set: WoSet<u32>,
        0x2C => rw_w1c: RwW1c<Bits, { Bits::DONE.bits() }>,
        0x40 [3; step 8] => array: Rw<u32>,
    }
}

/// Memory to lay maps over: no register in it does anything of its own.
struct Memory<const WORDS: usize>(UnsafeCell<[u32; WORDS]>);

impl<const WORDS: usize> Memory<WORDS> {
    /// Each word reads as all ones in its upper half, and as its offset in the lower.
    fn new() -> Self {
        Self(UnsafeCell::new(core::array::from_fn(|index| 0xFFFF_0000 | u32::try_from(4 * index).unwrap_or(0))))
    }

    #[allow(unsafe_code)] // a test's window
    fn window(&mut self, size: usize) -> Volatile {
        assert!(size <= 4 * WORDS);
        // SAFETY: the cell stays in its test's frame as long as the window is used, and is read through it alone.
        unsafe { Volatile::new(NonNull::from(self.0.get_mut()).cast(), size) }
    }
}

/// The word at `offset`, past the map's types.
fn word(window: &impl Mmio, offset: usize) -> u32 {
    crate::mmio::read_word(window, offset).unwrap_or_else(|| panic!("nothing at {offset:#x}"))
}

#[test]
fn each_kind_reads_and_writes_its_own_word() {
    let mut memory = Memory::<24>::new();
    let mut probe = Probe::new(memory.window(0x60)).unwrap();

    assert_eq!(probe.ro().read().bits(), 0xFFFF_0000);
    assert_eq!(probe.rwh().read(), 0xFFFF_0008);
    assert_eq!(probe.w1c().read().bits(), 0xFFFF_0010);
    assert_eq!(probe.w1s().read().bits(), 0xFFFF_0014);
    assert_eq!(probe.toggle().read().bits(), 0xFFFF_0018);
    assert_eq!(probe.cor().take(), 0x001C);
    assert_eq!(probe.rw_cor().take().bits(), 0xFFFF_0020);
    assert_eq!(probe.rw_w1c().read().bits(), 0xFFFF_002C);

    probe.rw().write(Bits::RUN);
    probe.rwh().write(2);
    probe.wo().write(3);
    probe.w1c().clear(Bits::DONE);
    probe.w1s().set(Bits::RUN);
    probe.toggle().toggle(Bits::all());
    probe.rw_cor().write(Bits::COUNT);
    probe.wo_clear().clear(6);
    probe.wo_set().set(7);
    probe.rw_w1c().write(Bits::DONE);
    let written = [0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x20, 0x24, 0x28, 0x2C].map(|at| word(probe.window(), at));
    assert_eq!(written, [1, 2, 3, 2, 1, 0xFF03, 0xFF00, 6, 7, 2]);
    assert_eq!(probe.ro().read().bits(), 0xFFFF_0000, "neighbours are left alone");

    probe.exclusive().rw().modify(|bits| bits | Bits::DONE);
    assert_eq!(probe.rw().read(), Bits::RUN | Bits::DONE);
}

#[test]
fn modify_keeps_bits_without_a_name() {
    let mut memory = Memory::<24>::new();
    let mut probe = Probe::new(memory.window(0x60)).unwrap();
    probe.rw().write(super::RegisterValue::from_register(0xABCD_0001));
    probe.exclusive().rw().modify(|bits| (bits - Bits::RUN).with_field(Bits::COUNT, 0x42));
    assert_eq!(probe.rw().read().bits(), 0xABCD_4200);
    assert_eq!(probe.rw().read().field(Bits::COUNT), 0x42);
    assert_eq!(Bits::empty().with_field(Bits::COUNT, 0x1FF), Bits::COUNT, "what doesn't fit is cut off");
}

#[test]
fn a_status_beside_control_bits_survives_modify_and_leaves_them_when_cleared() {
    let mut memory = Memory::<24>::new();
    let mut probe = Probe::new(memory.window(0x60)).unwrap();
    probe.rw_w1c().write(Bits::RUN | Bits::DONE);
    probe.exclusive().rw_w1c().modify(|bits| {
        assert!(!bits.contains(Bits::DONE), "not offered for writing back");
        bits | Bits::DONE | Bits::COUNT
    });
    assert_eq!(probe.rw_w1c().read(), Bits::RUN | Bits::COUNT, "DONE was written as zero");
    probe.exclusive().rw_w1c().clear(Bits::DONE);
    assert_eq!(probe.rw_w1c().read(), Bits::all(), "DONE was written as one, the rest as read");
    probe.exclusive().rw_w1c().clear(Bits::RUN);
    assert_eq!(probe.rw_w1c().read(), Bits::RUN | Bits::COUNT, "only status bits can be cleared so");
}

#[test]
fn arrays_end_where_they_end() {
    let mut memory = Memory::<24>::new();
    let probe = Probe::new(memory.window(0x60)).unwrap();
    for (index, register) in probe.array().iter().enumerate() {
        register.write(u32::try_from(index).unwrap());
    }
    assert_eq!([0x40, 0x48, 0x50].map(|at| word(probe.window(), at)), [0, 1, 2]);
    assert_eq!(probe.array().get(2).map(|register| register.read()), Some(2));
    assert!(probe.array().get(3).is_none());
    assert!(probe.array().get(usize::MAX).is_none());
    assert_eq!(word(probe.window(), 0x44), 0xFFFF_0044, "the gaps are left alone");
}

#[test]
fn a_small_window_is_refused_once_and_by_name() {
    let mut memory = Memory::<24>::new();
    assert_eq!(
        Probe::new(memory.window(0x5C)).unwrap_err(),
        WindowTooSmall { map: "Probe", needed: 0x60, found: 0x5C }
    );
    assert!(Probe::new(memory.window(0)).is_err());
    let window = Probe::new(memory.window(0x60)).unwrap().into_window();
    assert!(AxiIntcRegisters::new(&window).is_ok(), "a borrowed window will do");
    assert!(AxiIntcVectorRegisters::new(&&window).is_err());
}

#[test]
fn the_table_tells_what_tools_need() {
    let access = |name| Probe::REGISTERS.iter().find(|register| register.name == name).unwrap().access;
    assert_eq!(access("ro"), Access::new(ReadAccess::Pure, WriteAccess::None));
    assert_eq!(access("rw"), Access::new(ReadAccess::Pure, WriteAccess::Store));
    assert_eq!(access("rwh"), Access::new(ReadAccess::Pure, WriteAccess::Store));
    assert_eq!(access("wo"), Access::new(ReadAccess::None, WriteAccess::Store));
    assert_eq!(access("w1c"), Access::new(ReadAccess::Pure, WriteAccess::OneToClear));
    assert_eq!(access("w1s"), Access::new(ReadAccess::Pure, WriteAccess::OneToSet));
    assert_eq!(access("toggle"), Access::new(ReadAccess::Pure, WriteAccess::OneToToggle));
    assert_eq!(access("cor"), Access::new(ReadAccess::Destructive, WriteAccess::None));
    assert_eq!(access("rw_cor"), Access::new(ReadAccess::Destructive, WriteAccess::Store));
    assert_eq!(access("wo_clear"), Access::new(ReadAccess::None, WriteAccess::OneToClear));
    assert_eq!(access("wo_set"), Access::new(ReadAccess::None, WriteAccess::OneToSet));
    assert_eq!(access("rw_w1c"), Access::new(ReadAccess::Pure, WriteAccess::Mixed { one_to_clear: 2 }));
    assert_eq!(access("rw_w1c").one_to_clear(), 2);

    assert_eq!(Probe::SIZE, 0x60);
    assert_eq!(<Probe<Volatile> as RegisterMap>::NAME, "Probe");
    let array = Probe::REGISTERS.last().unwrap();
    assert!(array.offsets().eq([0x40, 0x48, 0x50]));
    let contained = [0x40, 0x48, 0x50, 0x3C, 0x44, 0x58].map(|offset| array.contains(offset));
    assert_eq!(contained, [true, true, true, false, false, false]);
    assert_eq!(Probe::REGISTERS[0].fields[2], FieldInfo::new("COUNT", 0xFF00));
    assert_eq!((Probe::REGISTERS[0].fields[2].bit_offset(), Probe::REGISTERS[0].fields[2].bit_width()), (8, 8));
    let none = FieldInfo::new("", 0);
    assert_eq!((none.bit_offset(), none.bit_width(), none.extract(u32::MAX)), (0, 0, 0));
    let top = FieldInfo::new("", 1 << 31);
    assert_eq!((top.bit_offset(), top.bit_width(), top.extract(u32::MAX)), (31, 1, 1));
}

#[test]
fn the_maps_have_their_data_sheets_numbers() {
    let offset = |registers: &[super::RegisterInfo], name| {
        registers.iter().find(|register| register.name == name).map(|register| register.offset)
    };
    let intc = ["isr", "ipr", "ier", "iar", "sie", "cie", "ivr", "mer", "imr", "ilr"];
    for (index, name) in intc.into_iter().enumerate() {
        assert_eq!(offset(AxiIntcRegisters::REGISTERS, name), Some(4 * index), "{name}");
    }
    assert!(AxiIntcVectorRegisters::REGISTERS[0].offsets().eq((0x100..0x180).step_by(4)));
    assert_eq!(MasterEnable::all().bits(), 3);
}

#[cfg(feature = "alloc")]
mod display {
    use alloc::{format, string::ToString, sync::Arc};

    use super::*;

    #[test]
    fn a_map_shares_an_erased_window() {
        let mut memory = Memory::<24>::new();
        let window: Arc<dyn Mmio + Send + Sync> = Arc::new(memory.window(0x60));
        let (one, two) = (Probe::new(Arc::clone(&window)).unwrap(), Probe::new(window).unwrap());
        one.rwh().write(5);
        assert_eq!(two.rwh().read(), 5);
    }

    #[test]
    fn values_are_decoded() {
        let decode = |bits| Probe::REGISTERS[0].decode(bits).to_string();
        assert_eq!(decode(0), "0x00000000");
        assert_eq!(decode(0x8000_0203), "0x80000203 (RUN | DONE | COUNT=2)");
        assert_eq!(decode(0x8000_0000), "0x80000000", "bits without a name show in the number");
    }

    #[test]
    fn accesses_have_the_data_sheets_names() {
        let names = Probe::REGISTERS.iter().map(|register| register.access.to_string());
        let expected =
            ["RO", "RW", "RW", "WO", "W1C", "W1S", "TOW", "COR", "RW/COR", "WO/W1C", "WO/W1S", "RW/W1C", "RW"];
        assert!(names.eq(expected));
        assert_eq!(format!("{:<4}|", Probe::REGISTERS[0].access), "RO  |");
    }

    #[test]
    fn errors_say_what_to_do() {
        let error = WindowTooSmall { map: "AxiGpioRegisters", needed: 0x12C, found: 0x100 };
        assert_eq!(
            error.to_string(),
            "AxiGpioRegisters needs a window of 0x12c bytes and this one has 0x100; map the block's whole address \
             range, and check that it is the block you think it is"
        );
    }
}

#[cfg(feature = "std")]
mod dump {
    use std::{format, vec};

    use super::*;
    use crate::mmio::{Recorded, Recorder};

    #[test]
    fn shows_decoded_values_and_touches_nothing_else() {
        let mut memory = Memory::<24>::new();
        let recorder = Recorder::new(memory.window(0x60));
        let probe = Probe::new(&recorder).unwrap();
        probe.rw().write(Bits::RUN.with_field(Bits::COUNT, 3));
        recorder.take();

        assert_eq!(
            format!("{probe:#?}"),
            "Probe {\n    ro: 0xffff0000,\n    rw: 0x00000301 (RUN | COUNT=3),\n    rwh: 0xffff0008,\n    \
             w1c: 0xffff0010,\n    w1s: 0xffff0014,\n    toggle: 0xffff0018,\n    \
             rw_w1c: 0xffff002c,\n    array: [\n        0xffff0040,\n        0xffff0048,\n        \
             0xffff0050,\n    ],\n    ..\n}"
        );
        let touched = recorder.take();
        assert!(touched.iter().all(|access| matches!(access, Recorded::Read { .. })));
        let offsets = touched.iter().map(|access| access.offset());
        assert!(offsets.eq([0x00, 0x04, 0x08, 0x10, 0x14, 0x18, 0x2C, 0x40, 0x48, 0x50]));
    }

    #[test]
    fn every_operation_is_one_access_and_modify_two() {
        let mut memory = Memory::<24>::new();
        let recorder = Recorder::new(memory.window(0x60));
        let mut probe = Probe::new(&recorder).unwrap();
        assert!(recorder.take().is_empty(), "laying the map touches nothing");
        probe.cor().take();
        probe.w1c().clear(Bits::DONE);
        probe.exclusive().rw().modify(|_| Bits::RUN);
        assert_eq!(
            recorder.take(),
            vec![
                Recorded::Read { offset: 0x1C, value: 0xFFFF_001C },
                Recorded::Write { offset: 0x10, value: 2 },
                Recorded::Read { offset: 0x04, value: 0xFFFF_0004 },
                Recorded::Write { offset: 0x04, value: 1 },
            ]
        );
        assert_eq!(word(recorder.window(), 0x10), 2);
        assert!(recorder.take().is_empty(), "accesses past the recorder are not seen");
    }
}
