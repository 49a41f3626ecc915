//! The writes of the interrupt controller's driver, on registers that are memory.
#![allow(clippy::unwrap_used)] // a test may

use std::sync::atomic::{AtomicU32, Ordering};

use pynq_baremetal::zynq::{Error, Gic, GicLine, Irq, Priority, Trigger};
use pynq_core::Mmio;

/// Registers that read back the value written last.
struct Memory(&'static [AtomicU32]);

// SAFETY: accesses reach the words of the slice, which are checked by their index.
unsafe impl Mmio for Memory {
    fn size(&self) -> usize {
        self.0.len() * 4
    }

    unsafe fn read32(&self, offset: usize) -> u32 {
        self.0[offset / 4].load(Ordering::Relaxed)
    }

    unsafe fn write32(&self, offset: usize, value: u32) {
        self.0[offset / 4].store(value, Ordering::Relaxed);
    }
}

/// A controller, and the words of its distributor and of its processor interface.
fn gic() -> (&'static Gic<Memory>, &'static [AtomicU32], &'static [AtomicU32]) {
    let words = |count| -> &'static [AtomicU32] {
        Box::leak((0..count).map(|_| AtomicU32::new(0)).collect::<Vec<_>>().into_boxed_slice())
    };
    let (distributor, cpu) = (words(0x400), words(0x40));
    let gic = Gic::new(Memory(distributor), Memory(cpu)).unwrap();
    (Box::leak(Box::new(gic)), distributor, cpu)
}

fn word(words: &[AtomicU32], offset: usize) -> u32 {
    words[offset / 4].load(Ordering::Relaxed)
}

#[test]
fn it_is_taken_over_with_everything_masked() {
    let (_, distributor, cpu) = gic();
    for index in 0..3 {
        assert_eq!(word(distributor, 0x180 + 4 * index), u32::MAX, "masked");
        assert_eq!(word(distributor, 0x280 + 4 * index), u32::MAX, "not pending");
        assert_eq!(word(distributor, 0x100 + 4 * index), 0, "nothing unmasked");
    }
    assert_eq!((word(distributor, 0x400), word(distributor, 0x45C)), (0x8080_8080, 0x8080_8080), "priorities");
    // Targets of private interrupts are fixed; all others come here.
    assert_eq!((word(distributor, 0x81C), word(distributor, 0x820)), (0, 0x0101_0101));
    assert_eq!((word(distributor, 0xC04), word(distributor, 0xC08)), (0, 0x5555_5555), "levels");
    assert_eq!((word(cpu, 0x04), word(cpu, 0x00), word(distributor, 0x00)), (0xF8, 1, 1));
}

#[test]
fn a_setting_leaves_its_neighbours_alone() {
    let (gic, distributor, _) = gic();
    let irq = Irq::from_logic(1).unwrap();
    gic.set_priority(irq, Priority::new(3).unwrap());
    gic.set_targets(irq, 0b10);
    gic.set_trigger(irq, Trigger::Edge);
    // Interrupt 62 is byte 2 of word 15, and bits 29:28 of word 3.
    assert_eq!(word(distributor, 0x43C), 0x8018_8080);
    assert_eq!(word(distributor, 0x83C), 0x0102_0101);
    assert_eq!(word(distributor, 0xC0C), 0x7555_5555);
    gic.set_trigger(irq, Trigger::Level);
    assert_eq!(word(distributor, 0xC0C), 0x5555_5555);
}

#[test]
fn an_interrupt_that_is_none_is_not_ended() {
    let (gic, distributor, cpu) = gic();
    cpu[0x0C / 4].store(1023, Ordering::Relaxed);
    distributor[0x180 / 4].store(0, Ordering::Relaxed);
    gic.dispatch();
    assert_eq!((gic.stats().spurious, gic.stats().taken), (1, 0));
    assert_eq!((word(cpu, 0x10), word(distributor, 0x180)), (0, 0), "something was ended or masked");
}

#[test]
fn one_that_nobody_waits_for_is_masked_and_ended_as_it_was_read() {
    let (gic, distributor, cpu) = gic();
    // A software-generated one of the other processor.
    cpu[0x0C / 4].store(1 << 10 | 5, Ordering::Relaxed);
    gic.dispatch();
    assert_eq!(word(distributor, 0x180), 1 << 5);
    assert_eq!(word(cpu, 0x10), 1 << 10 | 5);
    assert_eq!((gic.stats().taken, gic.stats().unclaimed), (1, 1));
}

#[test]
fn an_interrupt_has_one_owner_at_a_time() {
    let (gic, _, _) = gic();
    let irq = Irq::from_logic(0).unwrap();
    let line = GicLine::new(gic, irq).unwrap();
    assert_eq!(GicLine::new(gic, irq).unwrap_err(), Error::Claimed { irq });
    drop(line);
    assert!(GicLine::new(gic, irq).is_ok());
}

#[test]
fn a_window_that_is_too_small_is_told() {
    let words: &'static [AtomicU32] = Box::leak(Box::new([const { AtomicU32::new(0) }; 4]));
    assert!(matches!(Gic::new(Memory(words), Memory(words)), Err(Error::WindowTooSmall(_))));
}
