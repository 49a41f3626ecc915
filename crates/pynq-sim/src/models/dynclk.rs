//! Digilent's `axi_dynclk`, from the data sheet: a pixel clock that is set anew while the design runs.
//!
//! What the status says is one clock late, so a program that polls sees it with its second read. The clock that was set before
//! goes on until CTRL goes from 0 to 1. Settings that no MMCM can be set to never lock.

use core::time::Duration;

use pynq_core::Instant;

use crate::device::{Bus, Device, InterfaceKind, Message, Port, PortKind, Video};

const CTRL: u32 = 0x00;
const STATUS: u32 = 0x04;
const SETTINGS: u32 = 0x08;

/// What the MMCM takes to lock, in the order of what its sheet says.
const LOCK: Duration = Duration::from_micros(100);
/// The pixel clock after the configuration of the logic: 720 lines, 60 times a second.
const DEFAULT_HZ: u64 = 74_250_000;
const REFERENCE: u64 = 100_000_000;

static PORTS: [Port; 2] =
    [Port::interface("PXL_CLK_O", InterfaceKind::Video), Port::new(fault::PORT, PortKind::Input, 1)];
const CLOCK: usize = 0;

/// Faults of the block, as bits of its input [`PORT`](fault::PORT).
pub mod fault {
    /// The name of the port.
    pub const PORT: &str = "fault";
    /// The MMCM never locks, as where its reference does not run.
    pub const NEVER_LOCKS: u32 = 1 << 0;
}

/// The register-level model. Its frequency goes out at its port `PXL_CLK_O`.
///
/// ```
/// use core::time::Duration;
/// use pynq_sim::{Board, models::DynclkModel};
///
/// let board = Board::builder().device("dynclk", 0x43C1_0000, 0x1_0000, DynclkModel::new()).build()?;
/// let dynclk = board.window("dynclk")?;
/// // 100 MHz by 1, times 10, by 2: five times 100 MHz.
/// for (offset, value) in [(0x08, 0x41), (0x0C, 0x145), (0x14, 0x1041), (0x00, 1)] {
///     dynclk.write(offset, value);
/// }
/// assert_eq!(dynclk.read(0x04), 0);
/// board.advance(Duration::from_millis(1));
/// assert_eq!(dynclk.read(0x04), 1);
/// # Ok::<(), pynq_sim::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DynclkModel {
    control: u32,
    settings: [u32; 6],
    running: bool,
    /// What a read of the status gives: one clock late.
    shown: bool,
    locks_at: Option<Instant>,
    /// The frequency that goes out: 0 while it is being set.
    hertz: u64,
    told: Option<u64>,
    fault: u32,
}

impl DynclkModel {
    /// A block after configuration: it runs at its default, and was not set.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            control: 0,
            settings: [0; 6],
            running: false,
            shown: false,
            locks_at: None,
            hertz: DEFAULT_HZ,
            told: None,
            fault: 0,
        }
    }

    /// How long a counter counts: the sum of its high and its low part.
    const fn counts(word: u32) -> u64 {
        (word & 0x3F) as u64 + (word >> 6 & 0x3F) as u64
    }

    /// The pixel clock that the settings make, if an MMCM can be set so.
    fn pixel_hz(&self) -> Option<u64> {
        let [output, feedback, _, divide, ..] = self.settings;
        // The bit that bypasses a divider of one.
        let of = |word: u32, bypassed: bool| if bypassed { 1 } else { Self::counts(word) };
        let output = of(output, output & 0x0040_0000 != 0);
        let feedback = of(feedback, feedback & 0x0040_0000 != 0);
        let divide = of(divide, divide & 0x1000 != 0 && Self::counts(divide) == 2);
        if output == 0 || feedback == 0 || divide == 0 {
            return None;
        }
        let vco = REFERENCE * feedback / divide;
        (600_000_000..=1_200_000_000).contains(&vco).then(|| vco / output / 5)
    }
}

impl Default for DynclkModel {
    fn default() -> Self {
        Self::new()
    }
}

impl Device for DynclkModel {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn reset(&mut self, _: &mut Bus<'_>) {
        *self = Self { fault: self.fault, told: self.told, ..Self::new() };
    }

    fn read(&mut self, offset: u32, _: &mut Bus<'_>) -> u32 {
        match offset {
            CTRL => self.control,
            STATUS => core::mem::replace(&mut self.shown, self.running).into(),
            _ => offset.checked_sub(SETTINGS).and_then(|at| self.settings.get(at as usize / 4)).copied().unwrap_or(0),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus<'_>) {
        match offset {
            CTRL => {
                let rises = value & !self.control & 1 != 0;
                self.control = value & 1;
                if value & 1 == 0 {
                    // Ready to be set. The clock goes on.
                    (self.running, self.locks_at) = (false, None);
                } else if rises {
                    self.hertz = 0;
                    let can_lock = self.pixel_hz().is_some() && self.fault & fault::NEVER_LOCKS == 0;
                    self.locks_at = can_lock.then(|| bus.now() + LOCK);
                }
            }
            STATUS => {}
            _ => {
                if let Some(setting) =
                    offset.checked_sub(SETTINGS).and_then(|at| self.settings.get_mut(at as usize / 4))
                {
                    *setting = value;
                }
            }
        }
    }

    fn set_input(&mut self, _: usize, bits: u32, _: &mut Bus<'_>) {
        self.fault = bits;
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        if self.locks_at.take_if(|at| *at <= bus.now()).is_some() {
            (self.running, self.shown) = (true, true);
            self.hertz = self.pixel_hz().unwrap_or(0);
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        if self.told != Some(self.hertz) {
            self.told = Some(self.hertz);
            bus.send(CLOCK, Message::Video(Video::Clock(self.hertz)));
        }
        bus.wake_at(self.locks_at);
    }
}
