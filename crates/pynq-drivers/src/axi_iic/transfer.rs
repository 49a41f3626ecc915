//! A transaction as a state machine: each step does what the block is ready for, and says whether it is over.
//!
//! A write of any length, and a read of up to 255 bytes, are said by the entries of the transmit FIFO: where the START and the
//! STOP go and how many bytes are read, so that the block places the NACK. The entry with the count has to be there when the
//! address before it is out, so the two are collected while the block is disabled.
//!
//! All else is said by the control register. The NACK is set while the block holds the clock with all bytes received but the
//! last, and the STOP while it holds it with the last. That hold is where the receive FIFO's occupancy *equals* its threshold.
//! So the first of a read's chunks is the odd one, all others fill the FIFO, and before the last byte just one is taken: that
//! one fills it again.
//!
//! A write and a read after it could be queued together, too. But after a NACK the block sends a STOP and goes on with what is
//! in its FIFO: a task that comes late would find the read done, and nothing that says that the write failed. As it is, a task
//! may be as late as it likes.

use embedded_hal::i2c::Operation;

use super::{
    AxiIicError, IicAddress, Nack,
    groups::{Group, Groups},
    hardware::{AxiIicHardware, DEPTH},
    registers::{IicControl, IicEvents, IicStatus},
};

/// In an entry of the transmit FIFO: a START before the byte, and a STOP after it.
const START: u16 = 1 << 8;
const STOP: u16 = 1 << 9;

/// What ends every other wait.
const FAILURES: IicEvents = IicEvents::ARBITRATION_LOST.union(IicEvents::TRANSMIT_ERROR);

/// What a step has come to.
pub(super) enum Step {
    /// It goes on at the next interrupt.
    Waits,
    /// Its START has still to come, of which no interrupt tells. One tells if it fails.
    Starts,
    /// The transaction is over, and the bus free.
    Done,
}

#[derive(Clone, Copy)]
enum Stage {
    /// The bus may be another controller's.
    Begin,
    /// Addresses and bytes go into the FIFO.
    Send,
    /// Bytes come out of the other one.
    Receive,
    /// The STOP is on its way.
    End,
    /// The STOP after a NACK is.
    Fail(Nack),
}

pub(super) struct Transfer<'t, 'o> {
    groups: Groups<'t, 'o>,
    group: Group,
    stage: Stage,
    /// It is said by the control register, and not by entries.
    standard: bool,
    /// Bytes of the group that are still to be written, or to be taken from the FIFO.
    left: usize,
    /// The second byte of an address, or the count of a read: goes before the bytes.
    then: Option<u16>,
    /// The last byte of a long read will not be acknowledged.
    nacks: bool,
    /// The START of the next group was asked for already, and its address sent.
    is_open: bool,
    /// The entries that were put into the FIFO, the latest in bit 0: whether it was part of an address.
    addresses: u32,
}

impl<'t, 'o> Transfer<'t, 'o> {
    pub(super) fn new(address: IicAddress, operations: &'t mut [Operation<'o>]) -> Result<Self, AxiIicError> {
        let (groups, by_entries) = Groups::new(address, operations)?;
        Ok(Self {
            groups,
            group: Group::default(),
            stage: Stage::Begin,
            standard: !by_entries,
            left: 0,
            then: None,
            nacks: false,
            is_open: false,
            addresses: 0,
        })
    }

    /// How many bits it is on the bus, about.
    pub(super) fn bits(&self) -> u64 {
        self.groups.bits()
    }

    /// Whether it has begun, so that it would have to be aborted.
    pub(super) const fn has_begun(&self) -> bool {
        !matches!(self.stage, Stage::Begin)
    }

    /// Goes on as far as the block lets it.
    pub(super) fn step(&mut self, hardware: &mut AxiIicHardware) -> Result<Step, AxiIicError> {
        loop {
            if self.has_begun() {
                self.check(hardware)?;
            }
            let goes_on = match self.stage {
                Stage::Begin if hardware.is_busy() => wait_free(hardware),
                Stage::Begin => {
                    hardware.clear(IicEvents::all());
                    if !self.standard {
                        hardware.collect();
                    }
                    let begins = self.next_group(hardware, None);
                    if !self.standard {
                        // All of a read, or as much of a write as there is room for.
                        while begins && matches!(self.stage, Stage::Send) && self.send_entry(hardware) {}
                        hardware.set_control(IicControl::empty());
                    }
                    if !begins {
                        return Ok(Step::Done);
                    }
                    true
                }
                Stage::Send if self.standard => self.send_standard(hardware),
                Stage::Send => self.send(hardware),
                Stage::Receive if self.standard => self.receive_standard(hardware),
                Stage::Receive => self.receive(hardware),
                // Before the START the bus is free as well, but then the FIFO is not empty.
                Stage::End | Stage::Fail(_) => match (hardware.status(), self.stage) {
                    // A transfer that was cut off before its address holds the clock.
                    (status, Stage::Fail(_)) if status.contains(IicStatus::BUSY) && !hardware.is_starved() => {
                        hardware.want(IicEvents::NOT_BUSY | IicEvents::TRANSMIT_EMPTY);
                        false
                    }
                    (_, Stage::Fail(nack)) => {
                        hardware.reset();
                        return Err(AxiIicError::Nack(nack));
                    }
                    (status, _)
                        if status & (IicStatus::BUSY | IicStatus::TRANSMIT_EMPTY) == IicStatus::TRANSMIT_EMPTY =>
                    {
                        return Ok(Step::Done);
                    }
                    (status, _) if status.contains(IicStatus::BUSY) => wait(hardware, IicEvents::NOT_BUSY),
                    // The wait would be over before it began.
                    _ if has_started(hardware) => true,
                    _ => {
                        hardware.want(FAILURES);
                        return Ok(Step::Starts);
                    }
                },
            };
            if !goes_on {
                return Ok(Step::Waits);
            }
        }
    }

    /// Looks for what ends a transfer early.
    fn check(&mut self, hardware: &mut AxiIicHardware) -> Result<(), AxiIicError> {
        let events = hardware.events();
        if events.contains(IicEvents::ARBITRATION_LOST) {
            hardware.lose();
            return Err(AxiIicError::ArbitrationLost);
        }
        if !events.contains(IicEvents::TRANSMIT_ERROR) {
            return Ok(());
        }
        let is_nack = match self.stage {
            Stage::Send => true,
            Stage::End => !self.group.read,
            // The block sets it by its own NACK as well, at the end of a read: then all that is left has been received.
            Stage::Receive => hardware.received() < self.left,
            Stage::Begin | Stage::Fail(_) => false,
        };
        if is_nack {
            // The entry that was not acknowledged has left the FIFO, and no other after it.
            let is_address = self.addresses >> hardware.queued() & 1 != 0;
            self.stage = Stage::Fail(if is_address { Nack::Address } else { Nack::Data });
            hardware.abort();
        }
        Ok(())
    }

    fn push(&mut self, hardware: &AxiIicHardware, entry: u16, is_address: bool) {
        self.addresses = self.addresses << 1 | u32::from(is_address);
        hardware.push(entry);
    }

    /// Begins the group after this one by its address; false if there is none.
    fn next_group(&mut self, hardware: &mut AxiIicHardware, after: Option<Group>) -> bool {
        let Some((group, first, second)) = self.groups.next(after) else { return false };
        self.group = group;
        self.left = group.bytes;
        self.nacks = self.standard && group.read && group.bytes == 1;
        self.stage = Stage::Send;
        self.then = second.map(u16::from);
        if group.read {
            // An odd chunk first, so that all but the last byte are whole ones.
            let chunk = if self.standard { (group.bytes.max(2) - 2) % DEPTH + 1 } else { group.bytes };
            hardware.set_threshold(chunk);
        }
        if self.standard {
            if !core::mem::take(&mut self.is_open) {
                self.open(hardware, first, group.read, after.is_some());
            }
            return true;
        }
        let mut first = START | u16::from(first);
        if group.read {
            // How many bytes are read, at most 255.
            self.then = Some(group.bytes as u16 | STOP);
        } else if group.bytes == 0 {
            // The last entry is one of the address.
            *self.then.as_mut().unwrap_or(&mut first) |= STOP;
        }
        self.push(hardware, first, true);
        true
    }

    /// By control: a START and an address.
    fn open(&mut self, hardware: &AxiIicHardware, address: u8, read: bool, repeated: bool) {
        let mut control = IicControl::CONTROLLER;
        control.set(IicControl::TRANSMIT, !read);
        control.set(IicControl::NO_ACKNOWLEDGE, read && self.nacks);
        control.set(IicControl::REPEATED_START, repeated);
        if repeated {
            // While the block waits for an entry, any would be the next byte.
            hardware.set_control(control);
            self.push(hardware, address.into(), true);
        } else {
            self.push(hardware, address.into(), true);
            hardware.set_control(control);
        }
    }

    /// By entries: fills the FIFO. Returns whether the transfer goes on without an interrupt.
    fn send(&mut self, hardware: &mut AxiIicHardware) -> bool {
        while matches!(self.stage, Stage::Send) {
            if !self.send_entry(hardware) {
                return wait(hardware, IicEvents::TRANSMIT_HALF);
            }
        }
        true
    }

    /// The next entry, or the next stage after the last one; false if the FIFO is full.
    fn send_entry(&mut self, hardware: &mut AxiIicHardware) -> bool {
        if self.then.is_none() && (self.group.read || self.left == 0) {
            self.stage = if self.group.read { Stage::Receive } else { Stage::End };
            return true;
        }
        if hardware.status().contains(IicStatus::TRANSMIT_FULL) {
            return false;
        }
        if let Some(entry) = self.then.take() {
            // The count leaves the FIFO when the address is out, before that is acknowledged.
            self.push(hardware, entry, true);
        } else {
            self.left -= 1;
            let stops = if self.left == 0 { STOP } else { 0 };
            let entry = u16::from(self.groups.byte_to_write()) | stops;
            self.push(hardware, entry, false);
        }
        true
    }

    /// By entries: takes what has come.
    fn receive(&mut self, hardware: &mut AxiIicHardware) -> bool {
        for _ in 0..hardware.received().min(self.left) {
            self.take(hardware);
        }
        if self.left == 0 {
            return self.received_all(hardware);
        }
        // No more comes than is left, so that an occupancy of that is reached however much has come meanwhile.
        hardware.set_threshold(self.left);
        wait(hardware, IicEvents::RECEIVE_FULL)
    }

    /// By control: as [`send`](Self::send), but the last byte of all goes alone, after the STOP was asked for.
    fn send_standard(&mut self, hardware: &mut AxiIicHardware) -> bool {
        let kept = usize::from(self.group.is_last && !self.group.read);
        for _ in hardware.queued()..DEPTH {
            if let Some(entry) = self.then.take() {
                self.push(hardware, entry, true);
            } else if self.group.read {
                self.stage = Stage::Receive;
                return true;
            } else if self.left > kept {
                self.left -= 1;
                let byte = self.groups.byte_to_write();
                self.push(hardware, byte.into(), false);
            }
        }
        if self.left > kept {
            return wait(hardware, IicEvents::TRANSMIT_HALF);
        }
        // A STOP or a repeated START in the middle of a byte would cut it: all of them have to be out.
        if !hardware.is_starved() {
            return wait(hardware, IicEvents::TRANSMIT_EMPTY);
        }
        if !self.group.is_last {
            return self.next_group(hardware, Some(self.group));
        }
        hardware.set_control(IicControl::TRANSMIT);
        self.left = 0;
        let byte = self.groups.byte_to_write();
        self.push(hardware, byte.into(), false);
        self.stage = Stage::End;
        true
    }

    /// By control: a chunk has come, and the block holds the clock.
    fn receive_standard(&mut self, hardware: &mut AxiIicHardware) -> bool {
        hardware.clear(IicEvents::RECEIVE_FULL);
        if !hardware.events().contains(IicEvents::RECEIVE_FULL) {
            return wait(hardware, IicEvents::RECEIVE_FULL);
        }
        let held = hardware.received();
        if self.nacks {
            // With the last one. The STOP, or the next START, is asked for before the hold is lifted by taking it.
            if self.group.is_last {
                hardware.set_control(IicControl::empty());
            } else {
                // What follows a read is a write.
                self.open(hardware, self.groups.write_address(), false, true);
                self.is_open = true;
            }
            for _ in 0..held.min(self.left) {
                self.take(hardware);
            }
            return self.received_all(hardware);
        }
        if self.left == held + 1 {
            hardware.set_control(IicControl::CONTROLLER | IicControl::NO_ACKNOWLEDGE);
            self.nacks = true;
            self.take(hardware);
            return true;
        }
        // No less than a whole FIFO is still to come before the last byte.
        hardware.set_threshold(DEPTH);
        for _ in 0..held.min(self.left) {
            self.take(hardware);
        }
        true
    }

    fn take(&mut self, hardware: &AxiIicHardware) {
        self.groups.store(hardware.pop());
        self.left = self.left.saturating_sub(1);
    }

    fn received_all(&mut self, hardware: &mut AxiIicHardware) -> bool {
        // Set by the NACK that the block gave.
        hardware.clear(IicEvents::TRANSMIT_ERROR | IicEvents::RECEIVE_FULL);
        if self.group.is_last {
            self.stage = Stage::End;
            return true;
        }
        self.next_group(hardware, Some(self.group))
    }
}

/// The transfer goes on at one of `events`, or fails.
fn wait(hardware: &mut AxiIicHardware, events: IicEvents) -> bool {
    hardware.want(events | FAILURES);
    false
}

/// Looks for the START for as long as the time between a STOP and the next one takes.
fn has_started(hardware: &AxiIicHardware) -> bool {
    (0..64).any(|_| hardware.is_busy() || hardware.status().contains(IicStatus::TRANSMIT_EMPTY))
}

/// The transfer goes on when the bus is free.
fn wait_free(hardware: &mut AxiIicHardware) -> bool {
    hardware.want_free();
    false
}
