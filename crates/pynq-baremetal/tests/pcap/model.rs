//! A model of the device configuration interface and the system-level control registers, from the data sheet.

use std::sync::{Arc, Mutex, PoisonError};

use pynq_core::{Instant, Mmio};

/// A 7020, of silicon revision 2.
pub(crate) const IDCODE: u32 = 0x2372_7093;
/// Where the image is in memory.
pub(crate) const IMAGE_AT: u32 = 0x0010_0000;

/// How many reads it takes until something has happened.
const SLOW: u32 = 5;

const PROG_B: u32 = 1 << 30;
const PCAP: u32 = 0b11 << 26;
const DMA_DONE: u32 = 1 << 13;
const TRANSFERRED: u32 = 1 << 12;
const CONFIGURED: u32 = 1 << 2;
const INIT: u32 = 1 << 4;

/// A fault to inject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The logic has no power: it never clears.
    NeverClears,
    /// An AXI error in the middle of the transfer.
    Transfer,
    /// Other software's commands fill the queue.
    QueueFull,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) fault: Option<Fault>,
    // SLCR
    locked: bool,
    pub(crate) secure: bool,
    pcap_clock: u32,
    /// Control of the ARM, DDR and IO PLL.
    pub(crate) plls: [u32; 3],
    pub(crate) fabric_clocks: [u32; 16],
    pub(crate) resets: u32,
    pub(crate) shifters: u32,
    // DEVCFG
    unlocked: bool,
    control: u32,
    pub(crate) events: u32,
    event_mask: u32,
    misc: u32,
    dma: [u32; 4],
    /// `INIT`, and how many looks until it follows `PROG_B`.
    init: bool,
    init_in: u32,
    /// Events that will come, and in how many looks.
    coming: Vec<(u32, u32)>,
    /// The contents of memory.
    pub(crate) memory: Vec<u32>,
    /// The logic is configured with this.
    pub(crate) logic: Option<Vec<u32>>,
    /// Mistakes that a careful program never makes.
    pub(crate) violations: Vec<&'static str>,
    time: u64,
}

#[derive(Clone)]
pub(crate) struct Zynq(Arc<Mutex<Model>>);

impl Zynq {
    pub(crate) fn new(memory: &[u32]) -> Self {
        Self(Arc::new(Mutex::new(Model {
            fault: None,
            locked: true,
            secure: true,
            pcap_clock: 0x0F00,
            // As the boot loader leaves them: 26, 21 and 20 times the crystal.
            plls: [26 << 12, 21 << 12, 20 << 12],
            // Dividers as after a reset.
            fabric_clocks: std::array::from_fn(|register| if register % 4 == 0 { 0x0010_1800 } else { 0 }),
            resets: 0x01F3_3F0F,
            shifters: 0,
            unlocked: false,
            // Loop-back as some debuggers leave it, and a quarter of the rate.
            control: PROG_B | 1 << 25,
            events: 0,
            event_mask: u32::MAX,
            misc: 0x3080_0000 | 1 << 4,
            dma: [0; 4],
            init: true,
            init_in: 0,
            coming: Vec::new(),
            memory: memory.to_vec(),
            logic: None,
            violations: Vec::new(),
            time: 0,
        })))
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut Model) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn slcr(&self) -> Window {
        Window { zynq: self.clone(), size: 0x1000, is_slcr: true }
    }

    pub(crate) fn devcfg(&self) -> Window {
        Window { zynq: self.clone(), size: 0x100, is_slcr: false }
    }

    /// A clock that moves by a millisecond at each look.
    pub(crate) fn now(&self) -> Instant {
        self.with(|model| {
            model.time += 1;
            Instant::from_millis(model.time)
        })
    }
}

impl Model {
    pub(crate) fn pcap_clock_runs(&self) -> bool {
        self.pcap_clock & 1 != 0
    }

    fn read_slcr(&self, offset: usize) -> u32 {
        match offset {
            0x00C => u32::from(self.locked),
            0x100..0x10C => self.plls[(offset - 0x100) / 4],
            0x168 => self.pcap_clock,
            0x170..0x1B0 => self.fabric_clocks[(offset - 0x170) / 4],
            0x240 => self.resets,
            0x530 => IDCODE,
            0x900 => self.shifters,
            _ => 0,
        }
    }

    fn write_slcr(&mut self, offset: usize, value: u32) {
        match (offset, value) {
            (0x004, 0x767B) => self.locked = true,
            (0x008, 0xDF0D) => self.locked = !self.secure,
            _ if self.locked => {}
            (0x168, _) => self.pcap_clock = value,
            // Four registers for each clock: source and dividers, throttle control, count and status.
            (0x170..0x1B0, _) if (offset - 0x170) % 16 != 12 => self.fabric_clocks[(offset - 0x170) / 4] = value,
            (0x240, _) => self.resets = value,
            (0x900, _) => {
                if value == 0xF && self.logic.is_none() {
                    self.violations.push("logic that is not configured was connected");
                }
                self.shifters = value;
            }
            _ => {}
        }
    }

    fn read_devcfg(&mut self, offset: usize) -> u32 {
        match offset {
            0x00 => self.control,
            0x0C => {
                self.pass();
                self.events
            }
            0x10 => self.event_mask,
            0x14 => {
                self.clear_or_not();
                let full = if self.fault == Some(Fault::QueueFull) { 1 << 31 } else { 0 };
                (u32::from(self.init) * INIT) | full
            }
            0x18 | 0x1C | 0x20 | 0x24 => self.dma[(offset - 0x18) / 4],
            0x80 => self.misc,
            _ => 0,
        }
    }

    /// `INIT` follows `PROG_B` after a while.
    fn clear_or_not(&mut self) {
        self.init_in = self.init_in.saturating_sub(1);
        if self.init_in == 0 && self.fault != Some(Fault::NeverClears) {
            self.init = self.control & PROG_B != 0;
        }
    }

    /// Advances the operations that were begun.
    fn pass(&mut self) {
        for (looks, _) in &mut self.coming {
            *looks = looks.saturating_sub(1);
        }
        let now: u32 = self.coming.iter().filter(|(looks, _)| *looks == 0).map(|(_, events)| events).sum();
        self.coming.retain(|(looks, _)| *looks != 0);
        self.events |= now;
        if now & CONFIGURED != 0 {
            self.logic = Some(self.memory.clone());
        }
    }

    fn write_devcfg(&mut self, offset: usize, value: u32) {
        if offset == 0x34 {
            self.unlocked = value == 0x757B_DF0D;
        }
        if !self.unlocked {
            return;
        }
        match offset {
            0x00 => {
                if self.control & PROG_B != value & PROG_B {
                    self.init_in = SLOW;
                    if value & PROG_B == 0 {
                        self.logic = None;
                        if self.shifters & 0b0101 != 0 {
                            self.violations.push("logic was cleared while its outputs reached the processing system");
                        }
                        if self.resets & 0xF != 0xF {
                            self.violations.push("logic was cleared without its resets asserted");
                        }
                    }
                }
                self.control = value;
            }
            0x0C => self.events &= !value,
            0x10 => self.event_mask = value,
            0x18 | 0x1C | 0x20 => self.dma[(offset - 0x18) / 4] = value,
            0x24 => {
                self.dma[3] = value;
                self.transfer();
            }
            0x80 => self.misc = value,
            _ => {}
        }
    }

    /// A command of the DMA. A wrong command never ends.
    fn transfer(&mut self) {
        let [source, destination, length, _] = self.dma;
        let port = self.control & PCAP == PCAP && self.misc & 1 << 4 == 0 && self.pcap_clock_runs();
        let whole = source == IMAGE_AT | 1 && length as usize == self.memory.len();
        if !port || destination != u32::MAX || !self.init {
            return;
        }
        if self.fault == Some(Fault::Transfer) {
            self.coming.push((SLOW, 1 << 22));
            return;
        }
        self.coming.push((SLOW, DMA_DONE | TRANSFERRED));
        if whole && self.is_an_image() {
            self.coming.push((2 * SLOW, CONFIGURED));
        }
    }

    /// The logic takes words from the port, most significant byte first; the DMA has reversed none.
    fn is_an_image(&self) -> bool {
        let sync = self.memory.iter().position(|word| *word == 0xAA99_5566);
        sync.is_some_and(|sync| self.memory[sync..].ends_with(&[0x2000_0000]))
    }
}

/// One of the two blocks.
pub(crate) struct Window {
    zynq: Zynq,
    size: usize,
    is_slcr: bool,
}

// SAFETY: accesses reach no memory.
unsafe impl Mmio for Window {
    fn size(&self) -> usize {
        self.size
    }

    unsafe fn read32(&self, offset: usize) -> u32 {
        self.zynq.with(|model| if self.is_slcr { model.read_slcr(offset) } else { model.read_devcfg(offset) })
    }

    unsafe fn write32(&self, offset: usize, value: u32) {
        self.zynq.with(
            |model| {
                if self.is_slcr { model.write_slcr(offset, value) } else { model.write_devcfg(offset, value) }
            },
        );
    }
}
