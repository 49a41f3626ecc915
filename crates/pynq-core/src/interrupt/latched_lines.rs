//! The register functions of the most common interrupt registers, by naming the registers.

/// Implements [`InterruptHardware`](crate::interrupt::InterruptHardware) for a block that has, for each of its lines, a
/// status bit that keeps what happened until a one is written to it, and a bit that lets it raise the interrupt.
///
/// `lines` is how many there are, 1 to 32. `enable` and `status` name a field of the struct, a register map, and its
/// register; line 0 is bit 0 of it, or the bit that `<<` says. The status register is one whose written ones clear
/// ([`W1c`](crate::regs::W1c)); the enable register is read, changed and written back
/// ([`Rw`](crate::regs::Rw)), so it may have other bits. With several lines, each is masked and cleared by itself. A
/// block that has other registers implements the trait by hand; so does one whose hardware changes bits of the enable register, which
/// reading and writing back could undo.
///
/// ```
/// use pynq_core::{Window, latched_lines, regs::{Rw, W1c}, register_map};
///
/// register_map! {
///     /// A counter of two channels.
///     pub struct CounterRegisters, size 0x8 {
///         /// Bits 0 and 1 run the channels, bits 4 and 5 enable their interrupts.
///         0x00 => control: Rw<u32>,
///         /// Bits 0 and 1: the channel has reached its threshold.
///         0x04 => status: W1c<u32>,
///     }
/// }
///
/// pub struct Hardware {
///     registers: CounterRegisters<Window>,
/// }
///
/// latched_lines! {
///     impl InterruptHardware for Hardware {
///         lines: 2,
///         enable: registers.control() << 4,
///         status: registers.status(),
///     }
/// }
/// ```
#[macro_export]
macro_rules! latched_lines {
    (
        impl InterruptHardware for $hardware:ty {
            lines: $lines:literal,
            enable: $enable_map:ident . $enable:ident () $(<< $enable_shift:literal)?,
            status: $status_map:ident . $status:ident () $(<< $status_shift:literal)? $(,)?
        }
    ) => {
        impl $crate::interrupt::InterruptHardware for $hardware {
            type Lines = $crate::interrupt::Lines<$lines>;

            fn unmask(&mut self, lines: u32) {
                self.$enable_map.exclusive().$enable().modify(|value| {
                    let bits = $crate::regs::RegisterValue::to_register(value);
                    $crate::regs::RegisterValue::from_register(bits | lines $(<< $enable_shift)?)
                });
            }

            fn mask(&mut self, lines: u32) {
                self.$enable_map.exclusive().$enable().modify(|value| {
                    let bits = $crate::regs::RegisterValue::to_register(value);
                    $crate::regs::RegisterValue::from_register(bits & !(lines $(<< $enable_shift)?))
                });
            }

            fn ack_pending(&mut self, lines: u32) -> u32 {
                let status = $crate::regs::RegisterValue::to_register(self.$status_map.$status().read());
                let pending = status $(>> $status_shift)? & lines;
                let written = pending $(<< $status_shift)?;
                self.$status_map.$status().clear($crate::regs::RegisterValue::from_register(written));
                pending
            }

            // What happened while a line was masked is still in its status.
            fn take_latched(&mut self, lines: u32) -> u32 {
                self.ack_pending(lines)
            }

            fn clears_on_ack(&self) -> u32 {
                u32::MAX >> (32 - $lines)
            }

            fn read_back(&mut self) {
                let _ = self.$enable_map.$enable().read();
            }
        }
    };
}
