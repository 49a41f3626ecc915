//! Where in the tree of interrupts a case takes place.

use core::fmt;

/// What raises the interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A device that raises edges.
    Edge,
    /// A device that holds its line active until it is serviced.
    Level,
    /// An AXI GPIO with two channels of at least two input pins each.
    Gpio,
}

/// The controllers that the source is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controllers {
    /// None: it is wired straight to the root.
    None,
    /// Controllers all of whose inputs are edges, those of a cascade included, as on the PYNQ-Z1 and -Z2.
    Edge,
    /// Controllers with level and edge inputs. A GPIO, and the next controller of a cascade, are on a level input.
    Mixed,
}

/// One topology in the tree of interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topology {
    /// What raises the interrupt.
    pub source: Source,
    /// The controllers between the source and the root.
    pub controllers: Controllers,
    /// How many controllers there are below the source's own.
    pub cascade: u8,
}

impl Topology {
    const fn new(source: Source, controllers: Controllers, cascade: u8) -> Self {
        Self { source, controllers, cascade }
    }

    /// Whether the source is wired straight to the root.
    #[must_use]
    pub fn is_on_root(&self) -> bool {
        self.controllers == Controllers::None
    }

    /// Whether the source's line is an edge input of a controller.
    #[must_use]
    pub fn is_on_edge_input(&self) -> bool {
        match self.controllers {
            Controllers::None => false,
            Controllers::Edge => true,
            Controllers::Mixed => self.source == Source::Edge,
        }
    }
}

/// The name by which a topology is selected, as in `mixed_level_line_cascade_2`.
impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.source, self.controllers) {
            (Source::Edge, Controllers::None) => "edge_pin_on_root",
            (Source::Level, Controllers::None) => "level_pin_on_root",
            (Source::Gpio, Controllers::None) => "gpio_on_root",
            (Source::Edge, Controllers::Edge) => "edge_line",
            (Source::Level, Controllers::Edge) => "level_on_edge_line",
            (Source::Gpio, Controllers::Edge) => "gpio_on_edge_line",
            (Source::Edge, Controllers::Mixed) => "mixed_edge_line",
            (Source::Level, Controllers::Mixed) => "mixed_level_line",
            (Source::Gpio, Controllers::Mixed) => "gpio_on_level_line",
        })?;
        if self.cascade > 0 { write!(f, "_cascade_{}", self.cascade) } else { Ok(()) }
    }
}

/// Every topology. A device that holds its line on an edge input is not among them: only its driver can service it, so
/// each such driver has a topology of its own, as the GPIO does.
pub const TOPOLOGIES: &[Topology] = {
    use Controllers::{Edge, Mixed, None};
    &[
        Topology::new(Source::Edge, Edge, 0),
        Topology::new(Source::Edge, Mixed, 0),
        Topology::new(Source::Level, Mixed, 0),
        Topology::new(Source::Gpio, Edge, 0),
        Topology::new(Source::Gpio, Mixed, 0),
        Topology::new(Source::Edge, Edge, 1),
        Topology::new(Source::Edge, Mixed, 1),
        Topology::new(Source::Level, Mixed, 1),
        Topology::new(Source::Gpio, Edge, 1),
        Topology::new(Source::Gpio, Mixed, 1),
        Topology::new(Source::Edge, Edge, 2),
        Topology::new(Source::Level, Mixed, 2),
        Topology::new(Source::Gpio, Mixed, 2),
        Topology::new(Source::Edge, Edge, 3),
        Topology::new(Source::Edge, Mixed, 3),
        Topology::new(Source::Level, Mixed, 3),
        Topology::new(Source::Gpio, Edge, 3),
        Topology::new(Source::Edge, None, 0),
        Topology::new(Source::Level, None, 0),
        Topology::new(Source::Gpio, None, 0),
    ]
};
