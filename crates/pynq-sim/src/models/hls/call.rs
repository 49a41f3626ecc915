//! What the body of an accelerator is given: arguments, memory, streams.

use alloc::{
    collections::{BTreeMap, VecDeque},
    string::{String, ToString},
    vec,
    vec::Vec,
};

use super::{HlsParams, params::Place};
use crate::{
    device::{Burst, Bus},
    fabric::BusErrorKind,
};

/// The body can't go on: it has to read a stream that has not as much yet. Its run begins anew when there is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HlsStall(pub(super) ());

/// The arguments of a run.
#[derive(Debug)]
pub struct HlsArgs<'a> {
    pub(super) params: &'a HlsParams,
    pub(super) registers: &'a BTreeMap<u32, u32>,
    pub(super) arrays: &'a mut BTreeMap<String, Vec<u32>>,
    pub(super) written: BTreeMap<String, u64>,
}

impl HlsArgs<'_> {
    /// An argument that the function reads, as it stands in its register; 0 if there is none of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> u64 {
        let Some(argument) = self.params.arguments.iter().find(|argument| argument.name == name) else { return 0 };
        let offset = match argument.place {
            Place::Input { offset } | Place::InOut { input: offset, .. } => offset,
            _ => return 0,
        };
        let word = |offset: u32| u64::from(self.registers.get(&offset).copied().unwrap_or(0));
        let value = if argument.bits > 32 { word(offset) | word(offset + 4) << 32 } else { word(offset) };
        value & mask(argument.bits)
    }

    /// The same with its sign extended.
    #[must_use]
    pub fn signed(&self, name: &str) -> i64 {
        let bits = self.params.arguments.iter().find(|argument| argument.name == name).map_or(64, |found| found.bits);
        let unused = 64 - bits.clamp(1, 64);
        (self.get(name) << unused) as i64 >> unused
    }

    /// The same, as a float of 32 bits.
    #[must_use]
    pub fn float(&self, name: &str) -> f32 {
        f32::from_bits(self.get(name) as u32)
    }

    /// Writes an argument: the register shows it when the run ends, as far as it has bits.
    pub fn set(&mut self, name: &str, value: u64) {
        self.written.insert(name.to_string(), value);
    }

    /// An array in the accelerator's address range; empty if there is none of this name.
    pub fn array(&mut self, name: &str) -> &mut [u32] {
        self.arrays.get_mut(name).map_or(&mut [], |array| array)
    }
}

pub(super) const fn mask(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

/// Memory, as the accelerator reaches it as a bus master (`m_axi`).
#[derive(Debug)]
pub struct HlsMemory<'a, 'b> {
    pub(super) bus: &'a mut Bus<'b>,
    /// The port of its address space; `None` where it has none of its own, and the processor's memory is what it sees.
    pub(super) master: Option<usize>,
}

impl HlsMemory<'_, '_> {
    /// Reads memory.
    ///
    /// # Errors
    ///
    /// [`BusErrorKind`] if part of the range is not memory; nothing is read then, and the board has recorded it.
    #[track_caller]
    pub fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), BusErrorKind> {
        match self.master.and_then(|port| self.bus.master(port).ok()) {
            Some(mut master) => master.read_bytes(address, bytes),
            None => self.bus.read_memory(address, bytes).map_err(|_| BusErrorKind::Unmapped),
        }
    }

    /// Writes memory.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    #[track_caller]
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), BusErrorKind> {
        match self.master.and_then(|port| self.bus.master(port).ok()) {
            Some(mut master) => master.write_bytes(address, bytes),
            None => self.bus.write_memory(address, bytes).map_err(|_| BusErrorKind::Unmapped),
        }
    }
}

/// What came in on a stream and was not read yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Incoming {
    pub(super) data: VecDeque<u8>,
    /// Where packets end: bytes from the first one that is here.
    pub(super) ends: VecDeque<usize>,
    /// Room that was granted and not used.
    pub(super) granted: usize,
    /// Bytes that the body waits for.
    pub(super) wanted: usize,
}

/// The accelerator's streams (`axis`), by the names of their ports.
#[derive(Debug)]
pub struct HlsStreams<'a> {
    pub(super) params: &'a HlsParams,
    pub(super) incoming: &'a mut [Incoming],
    /// What was read so far, by stream.
    pub(super) read: Vec<usize>,
    pub(super) sent: Vec<(usize, Burst)>,
}

/// How many bytes a body lets in that reads whole packets.
const CHUNK: usize = 4096;

impl HlsStreams<'_> {
    fn input(&self, name: &str) -> Option<usize> {
        self.params.inputs.iter().position(|input| input == name)
    }

    /// Takes `bytes` from a stream.
    ///
    /// # Errors
    ///
    /// [`HlsStall`] if there are not as many yet, to be returned from the body, which then runs from its beginning when there
    /// are. So a body reads before it changes what it has captured.
    pub fn read(&mut self, name: &str, bytes: usize) -> Result<Vec<u8>, HlsStall> {
        let index = self.input(name).ok_or(HlsStall(()))?;
        let end = self.read[index] + bytes;
        let incoming = &mut self.incoming[index];
        if incoming.data.len() < end {
            incoming.wanted = end;
            return Err(HlsStall(()));
        }
        let taken = incoming.data.range(self.read[index]..end).copied().collect();
        self.read[index] = end;
        Ok(taken)
    }

    /// Takes the rest of a packet, up to TLAST.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_packet(&mut self, name: &str) -> Result<Vec<u8>, HlsStall> {
        let index = self.input(name).ok_or(HlsStall(()))?;
        let begin = self.read[index];
        let incoming = &mut self.incoming[index];
        match incoming.ends.iter().copied().find(|&end| end > begin) {
            Some(end) => self.read(name, end - begin),
            None => {
                incoming.wanted = incoming.data.len() + incoming.granted.max(CHUNK);
                Err(HlsStall(()))
            }
        }
    }

    /// Sends on a stream, with TLAST after the last byte or not. It leaves when the run ends, as its receiver takes it; the
    /// run does not end before.
    pub fn write(&mut self, name: &str, data: Vec<u8>, last: bool) {
        if let Some(index) = self.params.outputs.iter().position(|output| output == name) {
            self.sent.push((index, Burst { data, last, user: 0 }));
        }
    }

    pub(super) fn unread(params: &HlsParams) -> Vec<usize> {
        vec![0; params.inputs.len()]
    }
}
