//! What a transaction is on the bus: operations of one direction that follow each other are one group, with one START.

use embedded_hal::i2c::Operation;

use super::{AxiIicError, IicAddress};

/// The most that one entry of the transmit FIFO can ask to be read.
const MOST: usize = 255;

/// A START, an address and what follows up to the next START or the STOP.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Group {
    pub(super) read: bool,
    /// Its bytes.
    pub(super) bytes: usize,
    /// The STOP follows.
    pub(super) is_last: bool,
    /// The operation after it.
    end: usize,
}

/// The operations of a transaction, and how far they are done.
pub(super) struct Groups<'t, 'o> {
    operations: &'t mut [Operation<'o>],
    address: IicAddress,
    /// The operation and the byte in it that is written or read next.
    operation: usize,
    byte: usize,
    /// A target with an address of 10 bits has heard all of it: a read needs only the first byte from then on.
    is_selected: bool,
}

fn describe(operation: &Operation<'_>) -> (bool, usize) {
    match operation {
        Operation::Read(bytes) => (true, bytes.len()),
        Operation::Write(bytes) => (false, bytes.len()),
    }
}

impl<'t, 'o> Groups<'t, 'o> {
    /// Returns the groups, and whether the entries of the transmit FIFO are to say it all: for one write, or for one read.
    pub(super) fn new(address: IicAddress, operations: &'t mut [Operation<'o>]) -> Result<(Self, bool), AxiIicError> {
        address.validate()?;
        let this = Self { operations, address, operation: 0, byte: 0, is_selected: false };
        let (mut at, mut groups, mut last) = (0, 0, Group::default());
        while let Some(group) = this.group_at(at) {
            if group.read && group.bytes == 0 {
                return Err(AxiIicError::EmptyRead);
            }
            (at, groups, last) = (group.end, groups + 1, group);
        }
        let is_plain_read = last.bytes <= MOST && address.second_byte().is_none();
        let by_entries = groups <= 1 && (!last.read || is_plain_read);
        if !by_entries && !last.read && last.bytes == 0 {
            return Err(AxiIicError::EmptyWriteAtEnd);
        }
        Ok((this, by_entries))
    }

    fn group_at(&self, first: usize) -> Option<Group> {
        let (read, _) = describe(self.operations.get(first)?);
        let same = self.operations[first..].iter().map(describe).take_while(|(direction, _)| *direction == read);
        let (count, bytes) = same.fold((0, 0), |(count, sum), (_, bytes)| (count + 1, sum + bytes));
        let end = first + count;
        Some(Group { read, bytes, is_last: end == self.operations.len(), end })
    }

    /// The next group, and its address on the wire.
    pub(super) fn next(&mut self, after: Option<Group>) -> Option<(Group, u8, Option<u8>)> {
        self.operation = after.map_or(0, |group| group.end);
        self.byte = 0;
        let group = self.group_at(self.operation)?;
        if group.read && !self.is_selected && self.address.second_byte().is_some() {
            // The whole address can only be written.
            self.is_selected = true;
            let opening = Group { read: false, bytes: 0, is_last: false, end: self.operation };
            return Some((opening, self.address.first_byte(false), self.address.second_byte()));
        }
        self.is_selected = true;
        let second = if group.read { None } else { self.address.second_byte() };
        Some((group, self.address.first_byte(group.read), second))
    }

    /// The first byte of the address, for a write.
    pub(super) const fn write_address(&self) -> u8 {
        self.address.first_byte(false)
    }

    /// The next byte to be written.
    pub(super) fn byte_to_write(&mut self) -> u8 {
        while let Some(Operation::Write(bytes)) = self.operations.get(self.operation) {
            if let Some(&byte) = bytes.get(self.byte) {
                self.byte += 1;
                return byte;
            }
            (self.operation, self.byte) = (self.operation + 1, 0);
        }
        0
    }

    /// A byte that was read.
    pub(super) fn store(&mut self, byte: u8) {
        while let Some(Operation::Read(bytes)) = self.operations.get_mut(self.operation) {
            if let Some(place) = bytes.get_mut(self.byte) {
                *place = byte;
                self.byte += 1;
                return;
            }
            (self.operation, self.byte) = (self.operation + 1, 0);
        }
    }

    /// How many bits all of it is on the bus, about.
    pub(super) fn bits(&self) -> u64 {
        self.operations.iter().map(|operation| 9 * (describe(operation).1 as u64 + 3)).sum()
    }
}
