//! What `mfs` and `mts` reach.

use super::Cpu;
use crate::{
    config::Fpu,
    status::{Fsr, Msr, Special},
};

impl Cpu {
    /// A special register, as `mfs` reads it. `None`: there is none of this number, and `mfs` does nothing.
    pub fn special(&self, register: Special) -> Option<u32> {
        Some(match register {
            Special::PC => self.pc,
            Special::MSR => self.msr().bits(),
            Special::EAR => self.ear,
            Special::ESR => self.esr,
            Special::FSR => self.fsr.bits(),
            Special::BTR => self.btr,
            Special::EDR => self.edr,
            Special::SLR => self.stack_low,
            Special::SHR => self.stack_high,
            // C_PVR is 0: the registers that describe the processor read as zero.
            Special(0x2000..=0x200C) => 0,
            _ => return None,
        })
    }

    pub(super) fn set_special(&mut self, number: u16, value: u32) {
        match Special(number) {
            Special::MSR => return self.set_msr(Msr::from_bits_truncate(value)),
            Special::FSR if self.config.fpu > Fpu::None => self.fsr = Fsr::from_bits_truncate(value),
            Special::SLR => self.stack_low = value,
            Special::SHR => self.stack_high = value,
            _ => return,
        }
        self.changed();
    }

    /// Bits of what the processor does not have stay zero; the copy of the carry follows the carry.
    pub(super) fn set_msr(&mut self, value: Msr) {
        self.carry = value.contains(Msr::C);
        let config = &self.config;
        let exceptions = config.unaligned_exception
            || config.illegal_opcode_exception
            || config.instruction_bus_exception
            || config.data_bus_exception
            || config.divide_exception
            || config.fpu_exception
            || config.stream_links > 0;
        let mut built = Msr::BIP;
        built.set(Msr::IE, config.interrupt);
        built.set(Msr::FSL, config.stream_links > 0);
        built.set(Msr::DZO, config.divider);
        built.set(Msr::EE | Msr::EIP, exceptions);
        self.msr = value & built;
        self.attention = true;
    }
}
