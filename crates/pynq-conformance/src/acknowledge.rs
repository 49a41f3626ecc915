//! Whether the register functions of a driver say of themselves what is true.

use pynq_core::interrupt::{InterruptHardware, LineArray};

use crate::{Outcome, verdict::ensure};

/// Checks what a driver's register functions say of acknowledging, line by line.
///
/// [`InterruptHardware::clears_on_ack`] is a promise that the engine believes. A line that it names and that stays active
/// keeps the processor's interrupt asserted; one that it does not name, though the acknowledge clears it, works, but is masked
/// by every event and unmasked for the next, and what happens in between has to be found in its latch. Neither shows in a
/// test that waits for one event.
///
/// `raise` has the block's model raise the event of the line with this number, and `quiet` has it stop requesting: for a
/// level, both; for an event that the block latches, `quiet` does nothing. All lines are masked and idle before and after.
///
/// ```
/// use pynq_conformance::acknowledges;
/// use pynq_core::interrupt::{InterruptHardware, Lines};
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
///
/// struct Block<'a> {
///     status: &'a AtomicU32,
/// }
///
/// impl InterruptHardware for Block<'_> {
///     // ...
/// #   type Lines = Lines<2>;
/// #   fn unmask(&mut self, _: u32) {}
/// #   fn mask(&mut self, _: u32) {}
/// #   fn read_back(&mut self) {}
///     fn ack_pending(&mut self, lines: u32) -> u32 {
///         self.status.fetch_and(!lines, Relaxed) & lines
///     }
///
///     fn clears_on_ack(&self) -> u32 {
///         0b01 // it clears line 1 as well, as the function above shows
///     }
/// }
///
/// let status = AtomicU32::new(0);
/// let raise = |line: u8| { status.fetch_or(1 << line, Relaxed); };
/// let outcome = acknowledges(&mut Block { status: &status }, raise, |_| ()).unwrap_err();
/// assert!(outcome.to_string().contains("line 1 is quiet after ack_pending, and clears_on_ack does not name it"));
/// ```
///
/// # Errors
///
/// [`Outcome::Failed`], which names the line and what to change: an event that is not pending, an acknowledge that takes
/// other lines than it was told to, or a `clears_on_ack` that says otherwise than the block does.
pub fn acknowledges<H: InterruptHardware>(
    hardware: &mut H,
    mut raise: impl FnMut(u8),
    mut quiet: impl FnMut(u8),
) -> Result<(), Outcome> {
    let count = <H::Lines as LineArray>::COUNT;
    let all = u32::MAX >> (32 - u32::from(count));
    let says = hardware.clears_on_ack();
    ensure!(says & !all == 0, "clears_on_ack names lines {:#x}, and there are {count}", says & !all);
    for line in 0..count {
        let bit = 1 << line;
        let before = hardware.ack_pending(bit);
        ensure!(before == 0, "line {line} is pending before anything happened (ack_pending returned {before:#x})");
        hardware.unmask(bit);
        raise(line);
        let fired = hardware.ack_pending(bit);
        ensure!(fired == bit, "line {line} was raised, and ack_pending({bit:#x}) returned {fired:#x}");
        let cleared = hardware.ack_pending(bit) == 0;
        let promised = says & bit != 0;
        ensure!(
            !cleared || promised,
            "line {line} is quiet after ack_pending, and clears_on_ack does not name it ({says:#x}): the engine would mask it \
             at every event; name it"
        );
        ensure!(
            cleared || !promised,
            "line {line} is still active after ack_pending, and clears_on_ack names it ({says:#x}): an interrupt would come \
             again and again; clear it in ack_pending, or leave it out of clears_on_ack"
        );
        hardware.mask(bit);
        quiet(line);
        hardware.ack_pending(bit);
    }
    Ok(())
}
