//! The device configuration interface: programming the logic from memory through its processor port (PCAP).
//!
//! The hardware reports little when something is wrong with the image: without a sync word, or with its bytes in the
//! other order, it takes all of it and never becomes done. So the image is checked first.

use core::{fmt, time::Duration};

use pynq_core::{
    Instant, Mmio, Volatile, register_bits, register_map,
    regs::{Ro, Rw, W1c, Wo},
};

use super::{Slcr, barrier};

register_bits! {
    /// Control of the interface.
    pub struct DevcfgControl {
        /// `PROG_B` of the logic: low clears it.
        const PROG_B = 1 << 30;
        /// The processor has the configuration port, and not the logic.
        const PCAP_PR = 1 << 27;
        /// The port is in use.
        const PCAP_MODE = 1 << 26;
        /// A quarter of the rate, for encrypted images.
        const QUARTER_RATE = 1 << 25;
    }
}

register_bits! {
    /// Events, each of which stays until it is cleared.
    pub struct DevcfgEvents {
        /// The logic is configured.
        const CONFIGURED = 1 << 2;
        /// DMA and port are done.
        const TRANSFERRED = 1 << 12;
        /// The DMA is done.
        const DMA_DONE = 1 << 13;
        /// What can go wrong.
        const ERRORS = 0x00F0_C860;
    }
}

register_bits! {
    /// Status.
    pub struct DevcfgStatus {
        /// The logic has cleared its configuration.
        const INIT = 1 << 4;
        /// The queue of DMA commands is full.
        const QUEUE_FULL = 1 << 31;
    }
}

register_bits! {
    /// Miscellaneous control.
    pub struct DevcfgMisc {
        /// Loop-back: data written to the port comes back.
        const LOOPBACK = 1 << 4;
    }
}

register_map! {
    /// The device configuration interface, at 0xF800_7000. See UG585, device configuration interface.
    pub struct DevcfgRegisters, size 0x84 {
        /// Control.
        0x00 => control: Rw<DevcfgControl>,
        /// Events.
        0x0C => events: W1c<DevcfgEvents>,
        /// Events that raise no interrupt.
        0x10 => event_mask: Rw<u32>,
        /// Status.
        0x14 => status: Ro<DevcfgStatus>,
        /// Where the DMA reads: a physical address, bit 0 of which marks the last command.
        0x18 => dma_source: Rw<u32>,
        /// Where it writes: all ones for the port.
        0x1C => dma_destination: Rw<u32>,
        /// How many words it reads.
        0x20 => dma_source_length: Rw<u32>,
        /// How many it writes. This write starts it.
        0x24 => dma_destination_length: Rw<u32>,
        /// Takes the key that unlocks the interface.
        0x34 => unlock: Wo<u32>,
        /// Miscellaneous control.
        0x80 => misc: Rw<DevcfgMisc>,
    }
}

const UNLOCK: u32 = 0x757B_DF0D;
/// The sync word as the DMA wants it: read from memory as a little-endian word, the bytes of the image's are reversed.
const SYNC: u32 = 0xAA99_5566;
/// Where a sync word is looked for, in words: after the padding that an image begins with.
const HEADER: usize = 128;
/// Where, after that, the device is named: the packet that writes IDCODE, and its bits but for the revision.
const PACKETS: usize = 64;
const WRITE_IDCODE: u32 = 0x3001_8001;
const IDCODE: u32 = 0x0FFF_FFFF;
/// The least number of words that the DMA's length register can't hold.
const MOST_WORDS: u32 = 1 << 27;
const TO_PORT: u32 = u32::MAX;
const LAST: u32 = 1;

/// How long one step may take: many times of what 4 MB take at the port's slowest.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why the logic was not programmed. It is left disconnected, unless the
/// image itself was refused, before anything was touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProgramError {
    /// The data is no image for this port.
    Image(ImageError),
    /// The queue of the DMA is full of other software's commands.
    Busy,
    /// A step did not come to its end.
    TimedOut(Step),
    /// The transfer failed.
    Transfer {
        /// The error events.
        events: DevcfgEvents,
    },
}

/// Why an image was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError {
    /// It begins with no sync word.
    NoSyncWord,
    /// The bytes of its words are in the order of a `.bit` or `.bin` file.
    ByteOrder,
    /// It is for another device.
    OtherDevice {
        /// The IDCODE of the device that it is for.
        image: u32,
        /// The IDCODE of this device.
        device: u32,
    },
    /// More than the DMA can count.
    TooLong {
        /// Its words.
        words: usize,
    },
}

/// The steps that take time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The logic clears its configuration.
    Clearing,
    /// The image is transferred.
    Transfer,
    /// The logic starts up.
    StartUp,
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(error) => error.fmt(f),
            Self::Busy => f.write_str("the configuration port is in use; wait until that is done"),
            Self::TimedOut(Step::Clearing) => {
                f.write_str("the logic does not clear its configuration; check that it has power")
            }
            Self::TimedOut(Step::Transfer) => {
                f.write_str("the image was not transferred; check that the configuration port has its clock")
            }
            Self::TimedOut(Step::StartUp) => f.write_str(
                "the logic took the image and did not start up; check that the image is whole, and made for this device",
            ),
            Self::Transfer { events } => write!(f, "the transfer of the image failed with events {:#x}", events.bits()),
        }
    }
}

impl core::error::Error for ProgramError {}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSyncWord => f.write_str("no sync word near the beginning of the image: that is no bitstream"),
            Self::ByteOrder => f.write_str(
                "the image has the byte order of a .bit file; reverse the bytes of each word, and leave out the header",
            ),
            Self::OtherDevice { image, device } => {
                write!(f, "the image is for a device with IDCODE {image:#09x}, and this one has {device:#09x}")
            }
            Self::TooLong { words } => write!(f, "an image of {words} words; the port takes fewer than 2^27"),
        }
    }
}

/// The configuration port.
pub struct Pcap<M = Volatile> {
    registers: DevcfgRegisters<M>,
}

impl<M: Mmio> Pcap<M> {
    /// Unlocks the interface, and masks its interrupts.
    ///
    /// # Errors
    ///
    /// [`Error::WindowTooSmall`](super::Error::WindowTooSmall).
    pub fn new(window: M) -> Result<Self, super::Error> {
        let registers = DevcfgRegisters::new(window)?;
        registers.unlock().write(UNLOCK);
        registers.event_mask().write(u32::MAX);
        Ok(Self { registers })
    }

    /// Programs the whole of the logic with `image`, and connects it.
    ///
    /// The image is the data of a bitstream without header, the bytes of each word reversed: the form in which Linux takes
    /// it too. A DMA reads it from the physical address `physical`, which is where `image` is, as the start-up code has
    /// mapped memory. Where data caches are on, the image has to be cleaned from them before.
    ///
    /// Nothing may access the logic meanwhile, or hold an interrupt of it armed. `now` is a clock. The clocks that the
    /// logic gets are left as they are.
    ///
    /// # Blocking
    ///
    /// Spins for as long as it takes: some tens of milliseconds for a 7020.
    ///
    /// # Errors
    ///
    /// See [`ProgramError`].
    pub fn program<S: Mmio>(
        &mut self,
        slcr: &mut Slcr<S>,
        image: &[u32],
        physical: u32,
        now: impl Fn() -> Instant,
    ) -> Result<(), ProgramError> {
        let words = check(image, slcr.id_code()).map_err(ProgramError::Image)?;
        slcr.set_pcap_clock(true);
        slcr.disconnect_logic();
        let loaded = self.load(words, physical, &now);
        slcr.set_pcap_clock(false);
        loaded?;
        slcr.connect_logic();
        Ok(())
    }

    fn load(&mut self, words: u32, physical: u32, now: &impl Fn() -> Instant) -> Result<(), ProgramError> {
        for (high, cleared) in [(true, true), (false, false), (true, true)] {
            self.control(DevcfgControl::PROG_B, high);
            self.until(now, Step::Clearing, |this| this.status().contains(DevcfgStatus::INIT) == cleared)?;
        }
        self.control(DevcfgControl::PCAP_PR | DevcfgControl::PCAP_MODE, true);
        self.control(DevcfgControl::QUARTER_RATE, false);
        self.registers.exclusive().misc().modify(|misc| misc - DevcfgMisc::LOOPBACK);
        if self.status().contains(DevcfgStatus::QUEUE_FULL) {
            return Err(ProgramError::Busy);
        }
        // Before the transfer, or its events would be cleared as well.
        self.registers.events().clear(DevcfgEvents::from_bits_retain(u32::MAX));
        // The image is in memory before the DMA reads it.
        barrier();
        self.registers.dma_source().write(physical | LAST);
        self.registers.dma_destination().write(TO_PORT);
        self.registers.dma_source_length().write(words);
        self.registers.dma_destination_length().write(0);
        self.until(now, Step::Transfer, |this| this.has_ended(DevcfgEvents::TRANSFERRED))?;
        self.until(now, Step::StartUp, |this| this.has_ended(DevcfgEvents::CONFIGURED))?;
        match self.errors() {
            None => Ok(()),
            Some(events) => Err(ProgramError::Transfer { events }),
        }
    }

    fn status(&self) -> DevcfgStatus {
        self.registers.status().read()
    }

    fn errors(&self) -> Option<DevcfgEvents> {
        let events = self.registers.events().read();
        events.intersects(DevcfgEvents::ERRORS).then_some(events)
    }

    /// The event has occurred, or an error after which it will not.
    fn has_ended(&self, event: DevcfgEvents) -> bool {
        self.registers.events().read().intersects(event | DevcfgEvents::ERRORS)
    }

    fn control(&mut self, bits: DevcfgControl, set: bool) {
        self.registers.exclusive().control().modify(|control| if set { control | bits } else { control - bits });
    }

    fn until(&self, now: &impl Fn() -> Instant, step: Step, over: impl Fn(&Self) -> bool) -> Result<(), ProgramError> {
        let end = now() + PATIENCE;
        while !over(self) {
            if now() >= end {
                return Err(ProgramError::TimedOut(step));
            }
            core::hint::spin_loop();
        }
        match self.errors() {
            Some(events) if step != Step::Clearing => Err(ProgramError::Transfer { events }),
            _ => Ok(()),
        }
    }
}

/// How many words the image has, if it is one for this device.
fn check(image: &[u32], device: u32) -> Result<u32, ImageError> {
    let words = u32::try_from(image.len()).ok().filter(|words| *words < MOST_WORDS);
    let words = words.ok_or(ImageError::TooLong { words: image.len() })?;
    let beginning = &image[..image.len().min(HEADER)];
    let Some(sync) = beginning.iter().position(|word| *word == SYNC) else {
        let reversed = beginning.contains(&SYNC.swap_bytes());
        return Err(if reversed { ImageError::ByteOrder } else { ImageError::NoSyncWord });
    };
    let packets = &image[sync..image.len().min(sync + PACKETS)];
    match packets.windows(2).find(|pair| pair[0] == WRITE_IDCODE).map(|pair| pair[1] & IDCODE) {
        Some(named) if named != device => Err(ImageError::OtherDevice { image: named, device }),
        _ => Ok(words),
    }
}

impl<M> fmt::Debug for Pcap<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pcap").finish_non_exhaustive()
    }
}
