//! How an accelerator was built.

use alloc::{string::String, vec::Vec};

/// How a generation of the tool writes the control block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HlsGenerator {
    /// Up to about 2020: AP_READY is a pulse, and AP_DONE is set by every end.
    Old,
    /// AP_READY is latched until it is read. AP_DONE is set by the last end only, of a function that restarts by itself.
    #[default]
    New,
}

/// What clears a latched cause of the interrupt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HlsClearing {
    /// A written one inverts it.
    #[default]
    Toggle,
    /// A read clears it, and a write does nothing.
    Read,
}

/// How an accelerator was built. One without anything but a control block is the default; the rest is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HlsParams {
    pub(super) clock_hz: u64,
    pub(super) generator: HlsGenerator,
    pub(super) clearing: HlsClearing,
    pub(super) control: bool,
    pub(super) chain: bool,
    pub(super) ready_after: Option<u64>,
    pub(super) arguments: Vec<Argument>,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
    pub(super) masters: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Argument {
    pub(super) name: String,
    pub(super) bits: u32,
    pub(super) place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Input { offset: u32 },
    Output { offset: u32, valid: Option<u32> },
    InOut { input: u32, output: u32, valid: Option<u32> },
    Array { offset: u32, size: u32 },
}

impl Default for HlsParams {
    fn default() -> Self {
        Self {
            clock_hz: 100_000_000,
            generator: HlsGenerator::default(),
            clearing: HlsClearing::default(),
            control: true,
            chain: false,
            ready_after: None,
            arguments: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            masters: Vec::new(),
        }
    }
}

/// The word behind a scalar of `bits` at `offset`.
const fn after(offset: u32, bits: u32) -> u32 {
    offset + 4 * if bits > 32 { 2 } else { 1 }
}

impl HlsParams {
    /// Sets the frequency of its clock; 100 MHz unless it is set.
    #[must_use]
    pub fn clock_hz(mut self, clock_hz: u64) -> Self {
        self.clock_hz = clock_hz;
        self
    }

    /// Sets the generation of the tool.
    #[must_use]
    pub fn generator(mut self, generator: HlsGenerator) -> Self {
        self.generator = generator;
        self
    }

    /// Sets what clears a latched cause.
    #[must_use]
    pub fn clearing(mut self, clearing: HlsClearing) -> Self {
        self.clearing = clearing;
        self
    }

    /// Leaves out the control block (`ap_ctrl_none`): it has arguments only, and runs as long as its streams have something.
    #[must_use]
    pub fn without_control(mut self) -> Self {
        self.control = false;
        self
    }

    /// Has it wait with a result until the program lets it go on (`ap_ctrl_chain`).
    #[must_use]
    pub fn chain(mut self) -> Self {
        self.chain = true;
        self
    }

    /// Makes it a pipelined function, which takes its arguments so many clocks after its start and can be started again from
    /// then on. Another one is ready when it is done.
    #[must_use]
    pub fn ready_after(mut self, clocks: u64) -> Self {
        self.ready_after = Some(clocks);
        self
    }

    fn with(mut self, name: &str, bits: u32, place: Place) -> Self {
        self.arguments.push(Argument { name: name.into(), bits: bits.clamp(1, 64), place });
        self
    }

    /// Adds a scalar that the function reads.
    #[must_use]
    pub fn input(self, name: &str, bits: u32, offset: u32) -> Self {
        self.with(name, bits, Place::Input { offset })
    }

    /// Adds a scalar that the function writes, with a handshake: the word behind it says whether it was written.
    #[must_use]
    pub fn output(self, name: &str, bits: u32, offset: u32) -> Self {
        let valid = Some(after(offset, bits));
        self.with(name, bits, Place::Output { offset, valid })
    }

    /// Adds a scalar that the function writes, without a handshake: the value that it returns.
    #[must_use]
    pub fn plain_output(self, name: &str, bits: u32, offset: u32) -> Self {
        self.with(name, bits, Place::Output { offset, valid: None })
    }

    /// Adds a scalar that the function reads at `offset` and writes behind that, with a handshake.
    #[must_use]
    pub fn in_out(self, name: &str, bits: u32, offset: u32) -> Self {
        let output = after(offset, bits) + 4;
        self.with(name, bits, Place::InOut { input: offset, output, valid: Some(after(output, bits)) })
    }

    /// Adds an array in the address range, of a power of two bytes.
    #[must_use]
    pub fn array(self, name: &str, offset: u32, size: u32) -> Self {
        self.with(name, 32, Place::Array { offset, size })
    }

    /// Adds a stream that the function reads.
    #[must_use]
    pub fn stream_in(mut self, name: &str) -> Self {
        self.inputs.push(name.into());
        self
    }

    /// Adds a stream that the function writes.
    #[must_use]
    pub fn stream_out(mut self, name: &str) -> Self {
        self.outputs.push(name.into());
        self
    }

    /// Adds a port by which the function is a bus master. The first one is what its body reaches memory by.
    #[must_use]
    pub fn master(mut self, name: &str) -> Self {
        self.masters.push(name.into());
        self
    }
}

#[cfg(feature = "hwh")]
impl HlsParams {
    /// What a handoff file says of an accelerator, with the streams that are connected; `None` if the block is none.
    #[must_use]
    pub fn from_design(design: &pynq_hwh::Design, block: &pynq_hwh::IpBlock) -> Option<Self> {
        use pynq_hwh::{BusRole, HlsPlace};

        let core = block.accelerator()?;
        // The offsets are inside of the block, whose size is less than this.
        let word = |offset: u64| u32::try_from(offset).unwrap_or(!3);
        let mut params = Self {
            clock_hz: block.clock_hz.filter(|&hz| hz != 0).unwrap_or(100_000_000),
            control: core.control.is_some(),
            chain: core.control.is_some_and(|control| control.chain),
            ..Self::default()
        };
        for argument in core.arguments {
            let place = match argument.place {
                HlsPlace::Input { offset } => Place::Input { offset: word(offset) },
                HlsPlace::Output { offset, valid } => Place::Output { offset: word(offset), valid: valid.map(word) },
                HlsPlace::InOut { input, output, valid } => {
                    Place::InOut { input: word(input), output: word(output), valid: valid.map(word) }
                }
                HlsPlace::Memory { offset, size } => Place::Array { offset: word(offset), size: word(size) },
                _ => continue,
            };
            params = params.with(&argument.name, argument.bits, place);
        }
        for bus in design.buses.values() {
            for end in bus.ends.iter().filter(|end| end.path.as_deref() == Some(&block.path)) {
                params = match (bus.protocol.as_str(), end.role) {
                    ("axis", BusRole::Target) => params.stream_in(&end.name),
                    ("axis", BusRole::Initiator) => params.stream_out(&end.name),
                    ("aximm", BusRole::Initiator) => params.master(&end.name),
                    _ => params,
                };
            }
        }
        Some(params)
    }
}
