//! Pairs of functions: `typed_x` accesses a register through its map, `raw_x` by the volatile access it should be.
//!
//! `cargo xtask asm` compiles them and holds each pair's instructions against each other. The map lives in this crate
//! and its machinery in `pynq-core`, as with a user's driver.
#![no_std]

use pynq_core::{
    Volatile,
    maps::AxiIntcRegisters,
    register_bits, register_map,
    regs::{Cor, Ro, Rw, RwCor, RwW1c, Rwh, Toggle, W1c, W1s, Wo, WoClear, WoSet},
};
use pynq_drivers::axi_gpio::{AxiGpioRegisters, Channels};

register_bits! {
    /// Flags and a field.
    pub struct Bits {
        /// A flag.
        const RUN = 1 << 0;
        /// A status.
        const DONE = 1 << 12;
        /// A field.
        const COUNT = 0xFF << 16;
    }
}

register_map! {
    /// A register of each kind, as number and as flags.
    pub struct ProbeRegisters, size 0x200 {
        /// Read only.
        0x000 => ro: Ro<u32>,
        /// Read only, flags.
        0x004 => ro_bits: Ro<Bits>,
        /// Read and write.
        0x008 => rw: Rw<u32>,
        /// Read and write, flags.
        0x00C => rw_bits: Rw<Bits>,
        /// Read and write, changed by hardware.
        0x010 => rwh: Rwh<u32>,
        /// Read and write, changed by hardware, flags.
        0x014 => rwh_bits: Rwh<Bits>,
        /// Write only.
        0x018 => wo: Wo<u32>,
        /// Write only, flags.
        0x01C => wo_bits: Wo<Bits>,
        /// Write only, a byte.
        0x020 => wo_byte: Wo<u8>,
        /// Write one to clear.
        0x024 => w1c: W1c<u32>,
        /// Write one to clear, flags.
        0x028 => w1c_bits: W1c<Bits>,
        /// Write one to set.
        0x02C => w1s: W1s<u32>,
        /// Write one to set, flags.
        0x030 => w1s_bits: W1s<Bits>,
        /// Write one to toggle.
        0x034 => toggle: Toggle<u32>,
        /// Write one to toggle, flags.
        0x038 => toggle_bits: Toggle<Bits>,
        /// Cleared by its read.
        0x03C => cor: Cor<u32>,
        /// Cleared by its read, flags.
        0x040 => cor_bits: Cor<Bits>,
        /// Cleared by its read, a byte.
        0x044 => cor_byte: Cor<u8>,
        /// Read and write, cleared by its read.
        0x048 => rw_cor: RwCor<u32>,
        /// Read and write, cleared by its read, flags.
        0x04C => rw_cor_bits: RwCor<Bits>,
        /// Clears another.
        0x050 => wo_clear: WoClear<u32>,
        /// Clears another, flags.
        0x054 => wo_clear_bits: WoClear<Bits>,
        /// Sets another.
        0x058 => wo_set: WoSet<u32>,
        /// Sets another, flags.
        0x05C => wo_set_bits: WoSet<Bits>,
        /// Control beside a status.
        0x060 => rw_w1c: RwW1c<u32, 0x1000>,
        /// Control beside a status, flags.
        0x064 => rw_w1c_bits: RwW1c<Bits, { Bits::DONE.bits() }>,
        /// Many.
        0x100 [32; step 4] => array: Rw<u32>,
    }
}

type Probe = ProbeRegisters<Volatile>;

/// One pair. Both get the same map; the raw one takes nothing of it but the address.
macro_rules! pair {
    ($(($typed:ident, $raw:ident)
        |$map:ident: $map_type:ty, $base:ident $(, $argument:ident: $type:ty)*| $(-> $result:ty)?:
        $typed_body:expr => $raw_body:expr;)*) => {
        $(
            #[unsafe(no_mangle)]
            pub fn $typed($map: $map_type $(, $argument: $type)*) $(-> $result)? {
                $typed_body
            }

            /// # Safety
            ///
            /// None: the map's window holds each offset that is accessed here.
            #[unsafe(no_mangle)]
            pub unsafe fn $raw($map: $map_type $(, $argument: $type)*) $(-> $result)? {
                // Loaded when it is used, as in the typed function: a load before the value is made would be another order.
                let $base = || $map.window().as_ptr();
                // SAFETY: the map's window holds the offset, which is a multiple of four.
                unsafe { $raw_body }
            }
        )*
    };
}

// Reads.
pair! {
    (typed_ro_read, raw_ro_read) |map: &Probe, base| -> u32:
        map.ro().read() => base().read_volatile();
    (typed_ro_read_bits, raw_ro_read_bits) |map: &Probe, base| -> bool:
        map.ro_bits().read().contains(Bits::DONE) => base().add(1).read_volatile() & 1 << 12 != 0;
    (typed_ro_read_field, raw_ro_read_field) |map: &Probe, base| -> u32:
        map.ro_bits().read().field(Bits::COUNT) => base().add(1).read_volatile() >> 16 & 0xFF;
    (typed_rw_read, raw_rw_read) |map: &Probe, base| -> u32:
        map.rw().read() => base().add(2).read_volatile();
    (typed_rw_read_bits, raw_rw_read_bits) |map: &Probe, base| -> u32:
        map.rw_bits().read().bits() => base().add(3).read_volatile();
    (typed_rwh_read, raw_rwh_read) |map: &Probe, base| -> u32:
        map.rwh().read() => base().add(4).read_volatile();
    (typed_rwh_read_bits, raw_rwh_read_bits) |map: &Probe, base| -> u32:
        map.rwh_bits().read().bits() => base().add(5).read_volatile();
    (typed_w1c_read, raw_w1c_read) |map: &Probe, base| -> u32:
        map.w1c().read() => base().add(9).read_volatile();
    (typed_w1c_read_bits, raw_w1c_read_bits) |map: &Probe, base| -> u32:
        map.w1c_bits().read().bits() => base().add(10).read_volatile();
    (typed_w1s_read, raw_w1s_read) |map: &Probe, base| -> u32:
        map.w1s().read() => base().add(11).read_volatile();
    (typed_w1s_read_bits, raw_w1s_read_bits) |map: &Probe, base| -> u32:
        map.w1s_bits().read().bits() => base().add(12).read_volatile();
    (typed_toggle_read, raw_toggle_read) |map: &Probe, base| -> u32:
        map.toggle().read() => base().add(13).read_volatile();
    (typed_toggle_read_bits, raw_toggle_read_bits) |map: &Probe, base| -> u32:
        map.toggle_bits().read().bits() => base().add(14).read_volatile();
    (typed_rw_w1c_read, raw_rw_w1c_read) |map: &Probe, base| -> u32:
        map.rw_w1c().read() => base().add(24).read_volatile();
    (typed_rw_w1c_read_bits, raw_rw_w1c_read_bits) |map: &Probe, base| -> u32:
        map.rw_w1c_bits().read().bits() => base().add(25).read_volatile();
}

// Reads that clear.
pair! {
    (typed_cor_take, raw_cor_take) |map: &Probe, base| -> u32:
        map.cor().take() => base().add(15).read_volatile();
    (typed_cor_take_bits, raw_cor_take_bits) |map: &Probe, base| -> u32:
        map.cor_bits().take().bits() => base().add(16).read_volatile();
    (typed_cor_take_byte, raw_cor_take_byte) |map: &Probe, base| -> u8:
        map.cor_byte().take() => base().add(17).read_volatile() as u8;
    (typed_rw_cor_take, raw_rw_cor_take) |map: &Probe, base| -> u32:
        map.rw_cor().take() => base().add(18).read_volatile();
    (typed_rw_cor_take_bits, raw_rw_cor_take_bits) |map: &Probe, base| -> u32:
        map.rw_cor_bits().take().bits() => base().add(19).read_volatile();
}

// Writes.
pair! {
    (typed_rw_write, raw_rw_write) |map: &Probe, base, value: u32|:
        map.rw().write(value) => base().add(2).write_volatile(value);
    (typed_rw_write_bits, raw_rw_write_bits) |map: &Probe, base|:
        map.rw_bits().write(Bits::RUN | Bits::DONE) => base().add(3).write_volatile(0x1001);
    (typed_rwh_write, raw_rwh_write) |map: &Probe, base, value: u32|:
        map.rwh().write(value) => base().add(4).write_volatile(value);
    (typed_rwh_write_bits, raw_rwh_write_bits) |map: &Probe, base|:
        map.rwh_bits().write(Bits::RUN) => base().add(5).write_volatile(1);
    (typed_wo_write, raw_wo_write) |map: &Probe, base, value: u32|:
        map.wo().write(value) => base().add(6).write_volatile(value);
    (typed_wo_write_bits, raw_wo_write_bits) |map: &Probe, base, value: u32|:
        map.wo_bits().write(Bits::RUN.with_field(Bits::COUNT, value)) => {
            let bits = value << 16 & 0xFF_0000 | 1;
            base().add(7).write_volatile(bits)
        };
    (typed_wo_write_byte, raw_wo_write_byte) |map: &Probe, base, value: u8|:
        map.wo_byte().write(value) => {
            let bits = u32::from(value);
            base().add(8).write_volatile(bits)
        };
    (typed_rw_cor_write, raw_rw_cor_write) |map: &Probe, base, value: u32|:
        map.rw_cor().write(value) => base().add(18).write_volatile(value);
    (typed_rw_cor_write_bits, raw_rw_cor_write_bits) |map: &Probe, base|:
        map.rw_cor_bits().write(Bits::RUN) => base().add(19).write_volatile(1);
    (typed_rw_w1c_write, raw_rw_w1c_write) |map: &Probe, base, value: u32|:
        map.rw_w1c().write(value) => base().add(24).write_volatile(value);
    (typed_rw_w1c_write_bits, raw_rw_w1c_write_bits) |map: &Probe, base|:
        map.rw_w1c_bits().write(Bits::RUN) => base().add(25).write_volatile(1);
}

// Clear, set, toggle.
pair! {
    (typed_w1c_clear, raw_w1c_clear) |map: &Probe, base, value: u32|:
        map.w1c().clear(value) => base().add(9).write_volatile(value);
    (typed_w1c_clear_bits, raw_w1c_clear_bits) |map: &Probe, base|:
        map.w1c_bits().clear(Bits::DONE) => base().add(10).write_volatile(0x1000);
    (typed_wo_clear_clear, raw_wo_clear_clear) |map: &Probe, base, value: u32|:
        map.wo_clear().clear(value) => base().add(20).write_volatile(value);
    (typed_wo_clear_clear_bits, raw_wo_clear_clear_bits) |map: &Probe, base|:
        map.wo_clear_bits().clear(Bits::DONE) => base().add(21).write_volatile(0x1000);
    (typed_w1s_set, raw_w1s_set) |map: &Probe, base, value: u32|:
        map.w1s().set(value) => base().add(11).write_volatile(value);
    (typed_w1s_set_bits, raw_w1s_set_bits) |map: &Probe, base|:
        map.w1s_bits().set(Bits::RUN) => base().add(12).write_volatile(1);
    (typed_wo_set_set, raw_wo_set_set) |map: &Probe, base, value: u32|:
        map.wo_set().set(value) => base().add(22).write_volatile(value);
    (typed_wo_set_set_bits, raw_wo_set_set_bits) |map: &Probe, base|:
        map.wo_set_bits().set(Bits::RUN) => base().add(23).write_volatile(1);
    (typed_toggle_toggle, raw_toggle_toggle) |map: &Probe, base, value: u32|:
        map.toggle().toggle(value) => base().add(13).write_volatile(value);
    (typed_toggle_toggle_bits, raw_toggle_toggle_bits) |map: &Probe, base|:
        map.toggle_bits().toggle(Bits::DONE) => base().add(14).write_volatile(0x1000);
}

// Read, change and write back.
pair! {
    (typed_rw_modify, raw_rw_modify) |map: &mut Probe, base, value: u32|:
        map.exclusive().rw().modify(|old| old | value)
            => base().add(2).write_volatile(base().add(2).read_volatile() | value);
    (typed_rw_modify_bits, raw_rw_modify_bits) |map: &mut Probe, base|:
        map.exclusive().rw_bits().modify(|old| (old | Bits::RUN) - Bits::DONE)
            => base().add(3).write_volatile((base().add(3).read_volatile() | 1) & !0x1000);
    (typed_rw_w1c_modify, raw_rw_w1c_modify) |map: &mut Probe, base, value: u32|:
        map.exclusive().rw_w1c().modify(|old| old | value)
            => base().add(24).write_volatile((base().add(24).read_volatile() | value) & !0x1000);
    (typed_rw_w1c_modify_bits, raw_rw_w1c_modify_bits) |map: &mut Probe, base|:
        map.exclusive().rw_w1c_bits().modify(|old| old | Bits::RUN)
            => base().add(25).write_volatile((base().add(25).read_volatile() | 1) & !0x1000);
    (typed_rw_w1c_clear, raw_rw_w1c_clear) |map: &mut Probe, base, value: u32|:
        map.exclusive().rw_w1c().clear(value)
            => base().add(24).write_volatile(base().add(24).read_volatile() & !0x1000 | value & 0x1000);
    (typed_rw_w1c_clear_bits, raw_rw_w1c_clear_bits) |map: &mut Probe, base|:
        map.exclusive().rw_w1c_bits().clear(Bits::DONE)
            => base().add(25).write_volatile(base().add(25).read_volatile() | 0x1000);
}

// Arrays, other windows, and the shapes in which drivers use them.
pair! {
    (typed_array_read, raw_array_read) |map: &Probe, base, index: usize| -> Option<u32>:
        map.array().get(index).map(|register| register.read())
            => if index < 32 { Some(base().add(64 + index).read_volatile()) } else { None };
    (typed_array_read_constant, raw_array_read_constant) |map: &Probe, base| -> u32:
        map.array().get(7).map_or(0, |register| register.read()) => base().add(71).read_volatile();
    (typed_borrowed_window, raw_borrowed_window) |map: &ProbeRegisters<&'static Volatile>, base| -> u32:
        map.ro().read() => base().read_volatile();
    (typed_gpio_service, raw_gpio_service) |map: &AxiGpioRegisters<Volatile>, base| -> u32: {
        let fired = map.ip_isr().read() & Channels::CHANNEL_1;
        map.ip_isr().toggle(fired);
        map.gpio_data().read()
    } => {
        let fired = base().byte_add(0x120).read_volatile() & 1;
        base().byte_add(0x120).write_volatile(fired);
        base().read_volatile()
    };
    (typed_intc_mask, raw_intc_mask) |map: &AxiIntcRegisters<Volatile>, base, lines: u32| -> u32: {
        map.cie().clear(lines);
        map.iar().clear(lines);
        map.ipr().read()
    } => {
        base().byte_add(0x14).write_volatile(lines);
        base().byte_add(0x0C).write_volatile(lines);
        base().byte_add(0x04).read_volatile()
    };
}
