//! What a transaction must be on the wire, from the rules of the bus and of embedded-hal alone.

use std::fmt::Write as _;

use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource, Operation};
use pynq_drivers::axi_iic::IicAddress;

/// The targets of the rig, but for the EEPROM: one store with two addresses.
pub(crate) struct Reference {
    /// Bytes that it takes after an address.
    pub(crate) accepts: usize,
    /// The last byte that it has given.
    pub(crate) given: u8,
}

/// What is expected of a transaction.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) heard: String,
    pub(crate) outcome: Result<(), ErrorKind>,
    pub(crate) read: Vec<u8>,
}

impl Reference {
    pub(crate) fn run(&mut self, address: IicAddress, operations: &[Operation<'_>]) -> Expected {
        let mut heard = String::new();
        let mut read = Vec::new();
        let mut outcome = Ok(());
        let mut groups: Vec<(bool, Vec<u8>, usize)> = Vec::new();
        for operation in operations {
            let (reads, bytes, count) = match operation {
                Operation::Read(bytes) => (true, Vec::new(), bytes.len()),
                Operation::Write(bytes) => (false, bytes.to_vec(), bytes.len()),
            };
            match groups.last_mut() {
                Some((direction, all, sum)) if *direction == reads => {
                    all.extend(bytes);
                    *sum += count;
                }
                _ => groups.push((reads, bytes, count)),
            }
        }
        let mut selected = false;
        'groups: for (reads, bytes, count) in groups {
            for address in self.addresses(address, reads, &mut selected) {
                let start = if heard.is_empty() { "S" } else { " Sr" };
                if !self.address(&mut heard, start, &address) {
                    outcome = Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address));
                    break 'groups;
                }
            }
            if reads {
                for number in 1..=count {
                    self.given = self.given.wrapping_add(1);
                    read.push(self.given);
                    let _ = write!(heard, " {:02x} {}", self.given, if number < count { 'A' } else { 'N' });
                }
            }
            for (number, byte) in bytes.into_iter().enumerate() {
                let taken = number < self.accepts;
                let _ = write!(heard, " {byte:02x} {}", if taken { 'A' } else { 'N' });
                if !taken {
                    outcome = Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Data));
                    break 'groups;
                }
            }
        }
        if !heard.is_empty() {
            heard.push_str(" P\n");
        }
        Expected { heard, outcome, read }
    }

    /// The address sequences that open a group, each after a START: bytes, and whether the first is for reading.
    fn addresses(&self, address: IicAddress, reads: bool, selected: &mut bool) -> Vec<(Vec<u8>, bool)> {
        match address {
            IicAddress::Seven(address) => vec![(vec![address], reads)],
            IicAddress::Ten(address) => {
                let [high, low] = address.to_be_bytes();
                let upper = 0b11_1100 << 1 | high & 3;
                let whole = (vec![upper, low], false);
                let was = std::mem::replace(selected, true);
                match (reads, was) {
                    (false, _) => vec![whole],
                    (true, true) => vec![(vec![upper], true)],
                    (true, false) => vec![whole, (vec![upper], true)],
                }
            }
        }
    }

    fn address(&self, heard: &mut String, start: &str, (bytes, reads): &(Vec<u8>, bool)) -> bool {
        let is_ours = match bytes[..] {
            [address] => address == 0x20 || address == 0b111_1001,
            [upper, low] => (upper, low) == (0b111_1001, 0x55),
            _ => false,
        };
        // The first byte alone fits all targets whose upper bits are these.
        let first = is_ours || bytes.len() == 2 && bytes[0] == 0b111_1001;
        let _ = write!(
            heard,
            "{start}{:02x}{} {}",
            bytes[0],
            if *reads { 'R' } else { 'W' },
            if first { 'A' } else { 'N' }
        );
        if let (Some(second), true) = (bytes.get(1), first) {
            let _ = write!(heard, " {second:02x} {}", if is_ours { 'A' } else { 'N' });
        }
        is_ours
    }
}
