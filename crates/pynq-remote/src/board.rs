//! The simulated board as the services see it: the one module that knows the facade and the simulator.
//!
//! The board's clock keeps pace with the machine's. A client is a process elsewhere, so that the board cannot know
//! whether it has caught up, which virtual time needs.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use pynq::{
    Interrupt, Overlay,
    core::dma::{Direction, DmaAllocator, DmaError, DmaRegion, DmaRequest},
    hwh::{Bitstream, Design, Family},
    sim::{
        Board, BoardBuilder, SimDmaBuffer, SimDmaMemory, Stimulus, Width,
        script::{Roles, Script, ScriptError, Step},
    },
};

use crate::{
    Error,
    processor::{self, Processor},
};

/// Where buffers are, and how much of it there is. Both families have DDR memory there.
const MEMORY: (u64, u64) = (0x1000_0000, 128 << 20);

/// Bytes that are cleared at once.
const PAGES: usize = 64 << 10;

/// What is guarded here stays whole when a thread panics.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The board, and the designs that can be programmed into it.
pub(crate) struct SimulatedBoard {
    designs: Vec<(String, Design)>,
    board: Board,
    overlay: RwLock<Overlay>,
    /// One access or programming at a time, so that a bus error is returned to the client that made it.
    bus: Mutex<Loaded>,
    processor: Mutex<Processor>,
    memory: SimDmaMemory,
    /// The buffers there are: address and size.
    buffers: Arc<Mutex<BTreeMap<u64, usize>>>,
}

/// What is programmed now.
struct Loaded {
    /// Of `designs`.
    index: usize,
    /// The content of the last bitstream of each name.
    contents: BTreeMap<String, u64>,
}

/// Why an access was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AccessError {
    /// No block has all of these addresses.
    Unmapped { address: u64, length: u64 },
    /// The address or the length is not a multiple of 4.
    Unaligned { address: u64, length: u64 },
    /// The block answered with an error.
    Refused { address: u64 },
}

impl std::fmt::Display for AccessError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unmapped { address, length } => {
                write!(f, "no block of the board has the {length:#x} bytes at {address:#x}; see the overlay's ip_dict")
            }
            Self::Unaligned { address, length } => {
                write!(f, "{length:#x} bytes at {address:#x} are not whole words; both must be multiples of 4")
            }
            Self::Refused { address } => write!(f, "the block at {address:#x} answered with a bus error"),
        }
    }
}

/// What programming did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Programmed {
    /// The design that is loaded now.
    pub(crate) design: String,
    /// The name was programmed before, with other content.
    pub(crate) other_content: bool,
}

impl SimulatedBoard {
    /// A board with the first of `designs` loaded. Each has the name of its file, without the extension.
    pub(crate) fn new(designs: Vec<(String, Design)>) -> Result<Self, Error> {
        let (_, first) = designs.first().ok_or(Error::NoDesign)?;
        let board = describe(first).build().map_err(|error| Error::Board(Box::new(error.into())))?;
        board.set_real_time(true);
        // A task that took an event waits for its client next, and the clock need not stand still for that.
        board.set_grace(Duration::ZERO);
        let size = usize::try_from(MEMORY.1).unwrap_or(usize::MAX);
        let memory = SimDmaMemory::new(&board, MEMORY.0, size).map_err(|error| Error::Memory(error.to_string()))?;
        let overlay = Overlay::on_board_with_memory(first.clone(), board.clone(), memory.clone());
        Ok(Self {
            processor: Mutex::new(Processor::new(first)),
            overlay: RwLock::new(overlay),
            bus: Mutex::new(Loaded { index: 0, contents: BTreeMap::new() }),
            buffers: Arc::default(),
            designs,
            board,
            memory,
        })
    }

    fn overlay(&self) -> Overlay {
        self.overlay.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Moves the clock for as long as it is polled.
    pub(crate) fn run(&self) -> impl Future<Output = std::convert::Infallible> + Send + use<> {
        self.board.run_with(tokio::time::sleep)
    }

    // ---- what it is

    pub(crate) fn family(&self) -> Option<Family> {
        self.overlay().design().processor.as_ref().map(|processor| processor.family)
    }

    /// The board's name, as its maker's board file has it: `zcu104`, or else the device.
    pub(crate) fn name(&self) -> String {
        let overlay = self.overlay();
        let source = &overlay.design().source;
        let board = source.board.split(':').nth(1).filter(|name| !name.is_empty());
        board.map_or_else(|| source.device.clone(), str::to_uppercase)
    }

    /// The names of the designs that can be programmed.
    pub(crate) fn designs(&self) -> Vec<String> {
        self.designs.iter().map(|(name, _)| name.clone()).collect()
    }

    pub(crate) fn interrupt_pins(&self) -> Vec<String> {
        self.overlay().interrupt_pins().keys().cloned().collect()
    }

    // ---- registers

    /// Whether a window may be opened: one block has all of it.
    pub(crate) fn check_window(&self, address: u64, length: u64) -> Result<(), AccessError> {
        if address % 4 != 0 || length % 4 != 0 {
            return Err(AccessError::Unaligned { address, length });
        }
        let unmapped = AccessError::Unmapped { address, length };
        let Some(last) = length.checked_sub(1).and_then(|span| address.checked_add(span)) else { return Err(unmapped) };
        let within = |base: u64, size: u64| base <= address && last - base < size;
        let overlay = self.overlay();
        let found = within(MEMORY.0, MEMORY.1)
            || overlay.ip_blocks().values().any(|block| block.base <= last && within(block.base, block.size))
            || processor::pages(self.family()).iter().any(|&base| base <= last && within(base, processor::PAGE));
        if found { Ok(()) } else { Err(unmapped) }
    }

    /// Reads a word.
    pub(crate) fn read(&self, address: u64) -> Result<u32, AccessError> {
        let _access = lock(&self.bus);
        self.check_window(address, 4)?;
        if let Some(value) = lock(&self.processor).read(address) {
            return Ok(value);
        }
        let value = self.board.bus_read(address, Width::Word);
        self.answered(address)?;
        Ok(u32::try_from(value).unwrap_or(u32::MAX))
    }

    /// Writes words, lowest address first, all of them or none.
    pub(crate) fn write(&self, address: u64, words: &[u32]) -> Result<(), AccessError> {
        let _access = lock(&self.bus);
        self.check_window(address, 4 * words.len() as u64)?;
        for (address, &word) in (address..).step_by(4).zip(words) {
            if !lock(&self.processor).write(address, word) {
                self.board.bus_write(address, Width::Word, u64::from(word));
                self.answered(address)?;
            }
        }
        Ok(())
    }

    /// Whether the block took the access. What other tasks of the server did to the bus is no client's fault.
    fn answered(&self, address: u64) -> Result<(), AccessError> {
        let errors = self.board.take_bus_errors();
        let refused = errors.iter().any(|error| error.address == address);
        if refused { Err(AccessError::Refused { address }) } else { Ok(()) }
    }

    /// Sets a clock of the logic by its dividers, or by its frequency in MHz.
    pub(crate) fn set_clock(&self, number: u32, divisors: [u32; 2], mhz: u32) -> Result<(), String> {
        lock(&self.processor).set_clock(number, divisors, mhz)
    }

    // ---- programming

    /// Programs the design that has the bitstream's name. Every handle on the board is invalid after that.
    pub(crate) fn program(&self, file: &str, content: &[u8]) -> Result<Programmed, Error> {
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let unknown = || Error::UnknownBitstream { file: file.to_owned(), has: self.designs() };
        let index = self.designs.iter().position(|(name, _)| name == stem).ok_or_else(unknown)?;
        let (_, design) = self.designs.get(index).ok_or_else(unknown)?;
        let bad = |error| Error::Bitstream { file: file.to_owned(), error: Box::new(error) };
        Bitstream::parse(content).map_err(bad)?.check_part(design).map_err(bad)?;

        let mut loaded = lock(&self.bus);
        let old = self.overlay();
        // Ends every wait on the old design, also when another one takes its place.
        old.reload().map_err(|error| Error::Board(Box::new(error)))?;
        if index != loaded.index {
            let kept = self.save_buffers();
            self.board.load(describe(design)).map_err(|error| Error::Board(Box::new(error.into())))?;
            self.restore_buffers(&kept);
            let new = Overlay::on_board_with_memory(design.clone(), self.board.clone(), self.memory.clone());
            *self.overlay.write().unwrap_or_else(PoisonError::into_inner) = new;
            loaded.index = index;
        }
        let digest = digest(content);
        let before = loaded.contents.insert(stem.to_owned(), digest);
        Ok(Programmed { design: stem.to_owned(), other_content: before.is_some_and(|before| before != digest) })
    }

    /// Programming the logic leaves DDR memory alone; that of the simulated board is a part of the description.
    fn save_buffers(&self) -> Vec<(u64, Vec<u8>)> {
        let buffers = lock(&self.buffers).clone();
        let read = |(address, size)| {
            let mut bytes = vec![0; size];
            self.board.read_memory(address, &mut bytes).ok().map(|()| (address, bytes))
        };
        buffers.into_iter().filter_map(read).collect()
    }

    fn restore_buffers(&self, kept: &[(u64, Vec<u8>)]) {
        for (address, bytes) in kept {
            // The address was memory before, and the new board has the same memory.
            let _ = self.board.write_memory(*address, bytes);
        }
    }

    // ---- memory

    pub(crate) fn allocate(&self, size: usize) -> Result<BoardBuffer, DmaError> {
        let mut buffer = self.memory.allocate(&DmaRequest::new(size))?;
        let address = buffer.physical_address();
        // What another client had there is not for this one to read.
        let zeros = vec![0; size.min(PAGES)];
        for start in (0..size).step_by(PAGES) {
            let zeros = zeros.get(..PAGES.min(size - start)).unwrap_or_default();
            // It lies within the memory that buffers come from.
            let _ = self.board.write_memory(address + start as u64, zeros);
        }
        // Not in the copy that the processor has, either.
        buffer.sync_for_cpu(0..size, Direction::FromDevice)?;
        lock(&self.buffers).insert(address, size);
        Ok(BoardBuffer { buffer, listed: Arc::clone(&self.buffers) })
    }

    // ---- interrupts and the outside

    /// A handle on an interrupt pin; events from here on are for it.
    pub(crate) fn interrupt(&self, pin: &str) -> Result<Interrupt, pynq::Error> {
        self.overlay().interrupt(pin)
    }

    pub(crate) fn now(&self) -> u64 {
        self.board.now().as_nanos()
    }

    /// Does something to the board, now or later. A name that the board does not have is an error at once.
    /// `slot` is dropped when it has happened.
    pub(crate) fn stimulate(
        &self,
        delay: Duration,
        stimulus: Stimulus,
        slot: impl Send + 'static,
    ) -> Result<(), String> {
        self.names(&stimulus)?;
        if delay.is_zero() {
            return self.board.stimulate(&stimulus).map_err(|error| error.to_string());
        }
        self.board.after(delay, move |board| {
            // Between the check and now the design may have been replaced by one without that pin.
            let _ = board.stimulate(&stimulus);
            drop(slot);
        });
        Ok(())
    }

    /// Plays a script from now on. Buttons and switches are those of the board that the loaded design is for, if it is known.
    pub(crate) fn play(
        &self,
        script: &Script,
        before: impl Fn(&Step, Result<(), pynq::sim::Error>) + Send + Sync + 'static,
    ) -> Result<(), ScriptError> {
        let definition = pynq::boards::detect(self.overlay().design());
        let roles = definition.map_or_else(|_| Roles::new(), |definition| definition.roles(&self.board));
        script.play_with(&self.board, &roles, move |_, step, checked| before(step, checked))
    }

    /// Whether the board has what a stimulus is for.
    fn names(&self, stimulus: &Stimulus) -> Result<(), String> {
        let found = match stimulus {
            Stimulus::Pin { path, channel, bit, .. } if *bit < 32 => self.board.output(path, *channel).map(drop),
            Stimulus::Pin { path, bit, .. } => return Err(format!("block \"{path}\" has no pin {bit}; use 0 to 31")),
            Stimulus::Line { line, .. } | Stimulus::Pulse { line } => self.board.line(line).map(drop),
            Stimulus::Character { path, .. } => self.board.serial_output(path).map(drop),
            _ => Ok(()),
        };
        found.map_err(|error| error.to_string())
    }

    pub(crate) fn output(&self, block: &str, channel: u8) -> Result<u32, String> {
        self.board.output(block, channel).map_err(|error| error.to_string())
    }
}

/// The design's board, with memory for buffers.
fn describe(design: &Design) -> BoardBuilder {
    // A design with bus masters has the processor's memory already.
    BoardBuilder::from_design(design, |_| None).processor_memory("ddr", MEMORY.0, MEMORY.1)
}

/// Distinguishes contents, and is no protection against an attacker who makes two alike.
fn digest(bytes: &[u8]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// Memory that the logic can reach, freed when it is dropped.
pub(crate) struct BoardBuffer {
    buffer: SimDmaBuffer,
    listed: Arc<Mutex<BTreeMap<u64, usize>>>,
}

impl std::ops::Deref for BoardBuffer {
    type Target = SimDmaBuffer;

    fn deref(&self) -> &SimDmaBuffer {
        &self.buffer
    }
}

impl std::ops::DerefMut for BoardBuffer {
    fn deref_mut(&mut self) -> &mut SimDmaBuffer {
        &mut self.buffer
    }
}

impl Drop for BoardBuffer {
    fn drop(&mut self) {
        lock(&self.listed).remove(&self.buffer.physical_address());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may
mod tests {
    use super::*;

    /// Buffers of clients, and those that a driver allocates for its descriptors, before and after another design was loaded.
    #[test]
    fn buffers_of_clients_and_of_drivers_are_not_the_same_memory() {
        let designs = ["first", "second"].map(|name| {
            let text = include_str!("../../pynq-hwh/fixtures/pynq-z2-buttons.hwh");
            (name.to_owned(), Design::parse(text).unwrap())
        });
        let board = SimulatedBoard::new(designs.to_vec()).unwrap();
        let apart = || {
            let (client, driver) = (board.allocate(4096).unwrap(), board.overlay().allocate::<u8>(4096).unwrap());
            client.physical_address().abs_diff(driver.physical_address()) >= 4096
        };
        assert!(apart());
        // As PYNQ sends it, for no part in particular.
        let content = [&[0xFF; 32][..], &[0x66, 0x55, 0x99, 0xAA, 0, 0, 0, 0]].concat();
        board.program("second.bit", &content).unwrap();
        assert!(apart());
    }
}
