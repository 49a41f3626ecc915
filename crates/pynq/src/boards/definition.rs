//! The description of a board.

use std::{borrow::Cow, fmt};

use pynq_core::Driver as _;
use pynq_drivers::AxiGpio;
use pynq_hwh::Design;

use crate::{Error, Result};

/// Devices on the pins of one channel of an AXI GPIO.
///
/// ```
/// use pynq::boards::PinGroup;
///
/// let buttons = PinGroup::new("panel/gpio", 1).numbered_from(1); // as they are printed on the case
/// assert_eq!((buttons.channel, buttons.first), (1, 1));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PinGroup {
    /// The block.
    pub path: Cow<'static, str>,
    /// Its channel, 1 or 2.
    pub channel: u8,
    /// The number of the first one.
    pub first: u8,
}

impl PinGroup {
    /// Those on channel `channel` of the block called `path`, numbered from 0.
    pub fn new(path: impl Into<Cow<'static, str>>, channel: u8) -> Self {
        Self { path: path.into(), channel, first: 0 }
    }

    /// The same, numbered from `first`.
    #[must_use]
    pub fn numbered_from(mut self, first: u8) -> Self {
        self.first = first;
        self
    }
}

/// Which blocks of a design are a board's buttons, LEDs and switches.
///
/// ```
/// use pynq::boards::{BoardDefinition, PinGroup};
///
/// let mine = BoardDefinition::new("my board")
///     .buttons(PinGroup::new("panel/gpio", 1))
///     .leds(PinGroup::new("panel/gpio", 2));
/// assert_eq!(mine.buttons.unwrap().path, "panel/gpio");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BoardDefinition {
    /// Its name, for messages.
    pub name: Cow<'static, str>,
    /// A part of its device's name, if it is to be detected by that.
    pub device: Option<Cow<'static, str>>,
    /// Its push buttons, one per pin.
    pub buttons: Option<PinGroup>,
    /// Its LEDs, one per pin.
    pub leds: Option<PinGroup>,
    /// Its switches, one per pin.
    pub switches: Option<PinGroup>,
    /// Its LEDs of three colours, one per three pins.
    pub rgbleds: Option<PinGroup>,
    /// The handoff file of a design for it.
    handoff: Option<Handoff>,
}

/// The text of a handoff file.
#[derive(Clone, PartialEq, Eq)]
struct Handoff(Cow<'static, str>);

impl fmt::Debug for Handoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl BoardDefinition {
    /// A board of which nothing is known yet.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            device: None,
            buttons: None,
            leds: None,
            switches: None,
            rgbleds: None,
            handoff: None,
        }
    }

    /// The same, on a device whose name contains `device`.
    #[must_use]
    pub fn device(mut self, device: impl Into<Cow<'static, str>>) -> Self {
        self.device = Some(device.into());
        self
    }

    /// The same with buttons.
    #[must_use]
    pub fn buttons(mut self, group: PinGroup) -> Self {
        self.buttons = Some(group);
        self
    }

    /// The same with LEDs.
    #[must_use]
    pub fn leds(mut self, group: PinGroup) -> Self {
        self.leds = Some(group);
        self
    }

    /// The same with switches.
    #[must_use]
    pub fn switches(mut self, group: PinGroup) -> Self {
        self.switches = Some(group);
        self
    }

    /// The same with LEDs of three colours.
    #[must_use]
    pub fn rgbleds(mut self, group: PinGroup) -> Self {
        self.rgbleds = Some(group);
        self
    }

    /// The same with the text of a handoff file, for [`Overlay::simulated_board`](crate::Overlay::simulated_board).
    #[must_use]
    pub fn with_handoff(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.handoff = Some(Handoff(text.into()));
        self
    }

    /// The text of the handoff file that comes with it, if one does.
    #[must_use]
    pub fn handoff(&self) -> Option<&str> {
        self.handoff.as_ref().map(|Handoff(text)| &**text)
    }

    /// The design that comes with it. That of a board of this crate has the board's buttons, switches and LEDs under the
    /// names and addresses of PYNQ's base overlay, and beside them an AXI timer `timer` and an AXI UART Lite `uart`.
    ///
    /// # Errors
    ///
    /// [`Error::BoardWithoutDesign`]; [`Error::Handoff`] if what it was given is no handoff file.
    pub fn design(&self) -> Result<Design> {
        let Handoff(text) =
            self.handoff.as_ref().ok_or_else(|| Error::BoardWithoutDesign { board: self.name.clone().into_owned() })?;
        let mut design = Design::parse(text).map_err(|error| Error::Handoff { path: None, error: Box::new(error) })?;
        if design.source.board.is_empty() {
            design.source.board = self.name.to_ascii_lowercase();
        }
        Ok(design)
    }

    /// Whether `design` is for this board's device and has all of its blocks.
    #[must_use]
    pub fn fits(&self, design: &Design) -> bool {
        let mut groups = [&self.buttons, &self.leds, &self.switches, &self.rgbleds].into_iter().flatten();
        self.device.as_ref().is_none_or(|device| design.source.device.contains(&**device))
            && groups.all(|group| {
                design.ip.get(&*group.path).is_some_and(|block| block.vlnv_without_version() == AxiGpio::VLNV)
            })
    }

    /// Which pins of a simulated board its buttons, switches and LEDs are on, for scripts: `press 0`. What the board does not
    /// have is left out.
    #[cfg(feature = "sim")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sim")))]
    #[must_use]
    pub fn roles(&self, board: &pynq_sim::Board) -> pynq_sim::script::Roles {
        let on_board = |group: &Option<PinGroup>, pins: u8| {
            let group = group.as_ref()?;
            let count = board.pins(&group.path, group.channel).ok()? / pins;
            Some((group.path.to_string(), group.channel, group.first..group.first.saturating_add(count)))
        };
        let mut roles = pynq_sim::script::Roles::new();
        if let Some((path, channel, numbers)) = on_board(&self.buttons, 1) {
            roles = roles.with_buttons(&path, channel, numbers);
        }
        if let Some((path, channel, numbers)) = on_board(&self.switches, 1) {
            roles = roles.with_switches(&path, channel, numbers);
        }
        if let Some((path, channel, numbers)) = on_board(&self.leds, 1) {
            roles = roles.with_leds(&path, channel, numbers);
        }
        if let Some((path, channel, numbers)) = on_board(&self.rgbleds, 3) {
            roles = roles.with_rgb_leds(&path, channel, numbers);
        }
        roles
    }

    /// Whether the design's project was made for a board of this name.
    pub(super) fn is_named_by(&self, design: &Design) -> bool {
        design.source.board.to_ascii_lowercase().contains(&self.name.to_ascii_lowercase())
    }
}
