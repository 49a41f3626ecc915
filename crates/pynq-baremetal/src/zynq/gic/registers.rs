//! The registers of the interrupt controller, from the mpcore chapter of the Zynq-7000 TRM (UG585).

use pynq_core::{
    register_bits, register_map,
    regs::{Cor, Ro, Rw, W1c, W1s, Wo},
};

register_bits! {
    /// Control of the distributor, and of the processor's interface.
    pub struct GicControl {
        /// Secure interrupts: all that were not made non-secure.
        const SECURE = 1 << 0;
        /// Non-secure ones.
        const NON_SECURE = 1 << 1;
    }
}

register_map! {
    /// The distributor (GICD), at 0xF8F0_1000.
    pub struct GicDistributorRegisters, size 0xF04 {
        /// Forwards interrupts to the processors.
        0x000 => control: Rw<GicControl>,
        /// What was built.
        0x004 => kind: Ro<u32>,
        /// A one makes an interrupt non-secure.
        0x080 [3; step 4] => group: Rw<u32>,
        /// Unmasks interrupts. Reads the enables.
        0x100 [3; step 4] => set_enable: W1s<u32>,
        /// Masks interrupts. Reads the enables.
        0x180 [3; step 4] => clear_enable: W1c<u32>,
        /// Makes interrupts pending. Reads those that are.
        0x200 [3; step 4] => set_pending: W1s<u32>,
        /// Makes interrupts no longer pending. Reads those that are.
        0x280 [3; step 4] => clear_pending: W1c<u32>,
        /// Interrupts that are being handled.
        0x300 [3; step 4] => active: Ro<u32>,
        /// Priorities, a byte each.
        0x400 [24; step 4] => priority: Rw<u32>,
        /// The processors that an interrupt goes to, a byte each.
        0x800 [24; step 4] => target: Rw<u32>,
        /// Triggers, two bits each: 01 is a level, 11 a rising edge.
        0xC00 [6; step 4] => trigger: Rw<u32>,
        /// Raises software-generated interrupts.
        0xF00 => software: Wo<u32>,
    }
}

register_map! {
    /// The processor's interface (GICC), at 0xF8F0_0100.
    pub struct GicCpuRegisters, size 0x100 {
        /// Forwards interrupts to the processor.
        0x00 => control: Rw<GicControl>,
        /// Interrupts pass whose priority is higher: a smaller number than this.
        0x04 => priority_mask: Rw<u32>,
        /// Which bits of a priority preempt.
        0x08 => binary_point: Rw<u32>,
        /// The interrupt to handle. The read acknowledges it.
        0x0C => acknowledge: Cor<u32>,
        /// Takes the value read from `acknowledge`, when the interrupt has been handled.
        0x10 => end: Wo<u32>,
        /// The priority that is being handled.
        0x14 => running_priority: Ro<u32>,
        /// The pending interrupt of the highest priority.
        0x18 => highest_pending: Ro<u32>,
        /// The implementer.
        0xFC => implementer: Ro<u32>,
    }
}
