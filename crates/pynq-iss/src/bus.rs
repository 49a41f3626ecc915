//! What the processor is connected to.

use crate::instruction::Size;

/// Why an access returned nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BusError {
    /// Not yet. The instruction has done nothing and begins again with the next step: a wait state, or a board that wants
    /// its clock to catch up before a device is reached.
    Wait,
    /// Nothing answers at this address, or the device refused.
    NoResponse,
}

impl core::fmt::Display for BusError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Wait => "the bus is not ready: step the processor again when it is",
            Self::NoResponse => "nothing answers at this address: see the processor's memory map",
        })
    }
}

impl core::error::Error for BusError {}

/// Whether a store changed anything.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stored {
    /// Memory that had this value already. A loop that stores nothing else may be a polling loop.
    Same,
    /// Anything else; a device's register always.
    Changed,
}

/// A word from a stream link.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StreamWord {
    /// The word.
    pub data: u32,
    /// Whether it is a control word (AXI4-Stream: the last one of a packet).
    pub control: bool,
}

/// What a processor reaches. Addresses are aligned to the size of the access, and values of bytes and halves are in the
/// low bits. The processor is little-endian.
pub trait Bus {
    /// The instruction at a word's address.
    ///
    /// # Errors
    ///
    /// The bus is not ready, or nothing answers.
    fn fetch(&mut self, address: u32) -> Result<u32, BusError>;

    /// Reads.
    ///
    /// # Errors
    ///
    /// The bus is not ready, or nothing answers.
    fn load(&mut self, address: u32, size: Size) -> Result<u32, BusError>;

    /// Writes the low bits of the value.
    ///
    /// # Errors
    ///
    /// The bus is not ready, or nothing answers.
    fn store(&mut self, address: u32, size: Size, value: u32) -> Result<Stored, BusError>;

    /// The next word of a stream link, which is taken if `take`. `None`: it is empty.
    fn get(&mut self, _link: u8, _take: bool) -> Option<StreamWord> {
        None
    }

    /// Gives a word to a stream link, or with `None` asks if it would take one. `false`: it is full.
    fn put(&mut self, _link: u8, _word: Option<StreamWord>) -> bool {
        false
    }
}

impl<B: Bus + ?Sized> Bus for &mut B {
    fn fetch(&mut self, address: u32) -> Result<u32, BusError> {
        (**self).fetch(address)
    }

    fn load(&mut self, address: u32, size: Size) -> Result<u32, BusError> {
        (**self).load(address, size)
    }

    fn store(&mut self, address: u32, size: Size, value: u32) -> Result<Stored, BusError> {
        (**self).store(address, size, value)
    }

    fn get(&mut self, link: u8, take: bool) -> Option<StreamWord> {
        (**self).get(link, take)
    }

    fn put(&mut self, link: u8, word: Option<StreamWord>) -> bool {
        (**self).put(link, word)
    }
}

/// Memory at 0, and nothing else: what is above it reads as zero and drops what is written.
///
/// It is made over any bytes: `Ram::new([0; 4096])`, `Ram::new(vec![0; 0x2_0000])`, `Ram::new(&mut bytes[..])`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ram<M>(M);

impl<M: AsRef<[u8]> + AsMut<[u8]>> Ram<M> {
    /// Memory with this content.
    pub const fn new(memory: M) -> Self {
        Self(memory)
    }

    /// Its content.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_ref()
    }

    /// Its content, to be changed.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.0.as_mut()
    }

    /// Gives the memory back.
    pub fn into_inner(self) -> M {
        self.0
    }

    #[inline]
    fn word(&self, address: u32) -> u32 {
        let start = address as usize;
        match self.0.as_ref().get(start..).and_then(|rest| rest.first_chunk::<4>()) {
            Some(bytes) => u32::from_le_bytes(*bytes),
            None => self.byte(start, 0) | self.byte(start, 1) | self.byte(start, 2) | self.byte(start, 3),
        }
    }

    /// A byte of a word that may reach beyond the end.
    #[cold]
    fn byte(&self, start: usize, offset: usize) -> u32 {
        let byte = start.checked_add(offset).and_then(|at| self.0.as_ref().get(at));
        byte.map_or(0, |byte| u32::from(*byte) << (8 * offset))
    }
}

impl<M: AsRef<[u8]> + AsMut<[u8]>> Bus for Ram<M> {
    #[inline]
    fn fetch(&mut self, address: u32) -> Result<u32, BusError> {
        Ok(self.word(address))
    }

    #[inline]
    fn load(&mut self, address: u32, size: Size) -> Result<u32, BusError> {
        let start = address as usize;
        Ok(match size {
            Size::Word => self.word(address),
            Size::Half => self.word(address & !3) >> (8 * (address & 2)) & 0xFFFF,
            Size::Byte => self.0.as_ref().get(start).map_or(0, |byte| u32::from(*byte)),
        })
    }

    #[inline]
    fn store(&mut self, address: u32, size: Size, value: u32) -> Result<Stored, BusError> {
        let memory = self.0.as_mut();
        let begin = (address as usize).min(memory.len());
        let end = begin.saturating_add(size.bytes() as usize).min(memory.len());
        let bytes = value.to_le_bytes();
        let mut stored = Stored::Same;
        for (old, new) in memory[begin..end].iter_mut().zip(bytes) {
            if *old != new {
                *old = new;
                stored = Stored::Changed;
            }
        }
        Ok(stored)
    }
}
