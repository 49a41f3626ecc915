//! A board from a design's handoff file.

use alloc::{boxed::Box, collections::BTreeMap, format, string::String, vec::Vec};
use pynq_hwh::{AddressSpace, Design, Family, GateKind, Interrupts, IpBlock, LineKind, SoftProcessor, Source};

use crate::{
    board::{Board, BoardBuilder},
    device::Device,
    error::Error,
    fabric::{FabricBuilder, Trigger},
    models::{
        AxiDmaModel, AxiGpioModel, AxiIicModel, AxiIntcModel, AxiQuadSpiModel, AxiTimerModel, AxiUartLiteModel,
        AxiVdmaModel, ColorConvertModel, DynclkModel, GateFunction, GateModel, IoSwitchModel, PixelPackModel,
        PixelUnpackModel, PsGpioModel, RegisterModel, VtcModel,
    },
};

mod built;
mod clocks;
mod interfaces;
mod masters;
mod models;
mod resets;
mod subsystem;
mod video;

pub use models::Models;

impl Board {
    /// The board of a design: each IP block the processor can address is there, at its address and as it was built,
    /// and every interrupt is wired as the design wires it, through gates and cascades, to the CPU's pins, which take a line
    /// for an edge where the design says that it pulses. Several controllers on one memory are several ways to one memory.
    /// Each soft processor beside the processor has an address space of its own, by its path, with what it sees in it; each
    /// master port of another block one by its name, `path/M_AXI_MM2S`. Where such a port leads to the processing system, the
    /// processor's memory is there, as `ddr`. Interfaces that the file joins are joined, if both ends have a model.
    ///
    /// An IP block without a model becomes a block of plain registers, whose interrupt outputs are driven by
    /// [`set_line`](Self::set_line) and [`pulse_line`](Self::pulse_line). Paths are those of
    /// [`Design::ip`].
    ///
    /// # Errors
    ///
    /// If two blocks claim the same addresses, a range is not of whole words, or a block has a parameter that none can have
    /// been built with ([`Error::Parameter`]).
    pub fn from_design(design: &Design) -> Result<Self, Error> {
        BoardBuilder::from_design(design, |_| None).build()
    }
}

impl BoardBuilder {
    /// The description of a design's board, to be added to. `model` may supply a model for any block.
    #[must_use]
    pub fn from_design(design: &Design, model: impl FnMut(&IpBlock) -> Option<Box<dyn Device>>) -> Self {
        FabricBuilder::from_design(design, model).into()
    }
}

impl FabricBuilder {
    /// The description of a design's fabric, to be added to. `model` may supply a model for any block.
    #[must_use]
    pub fn from_design(design: &Design, mut model: impl FnMut(&IpBlock) -> Option<Box<dyn Device>>) -> Self {
        let mut builder = Self::new();
        let memories = controllers(design);
        let mut first: BTreeMap<&str, &str> = BTreeMap::new();
        for (path, block) in &design.ip {
            builder = match (model(block), block.memory) {
                (Some(device), _) => builder.boxed_device(path, block.base, block.size, device),
                (None, true) => {
                    let memory = memories.get(block.path.as_str()).copied().unwrap_or(path);
                    match first.get(memory).copied() {
                        Some(shared) => builder.memory_window(path, shared, block.base, block.size),
                        None => {
                            first.insert(memory, path.as_str());
                            builder.memory(path, block.base, block.size)
                        }
                    }
                }
                (None, false) => match known(design, block) {
                    Ok(model) => builder.boxed_device(path, block.base, block.size, model),
                    Err(error) => builder.refused(error),
                },
            };
        }
        let parts = subsystem::Parts::of(design);
        builder = builder.subsystem_parts(&parts).reset_parts(design);
        builder = builder.gates(&design.interrupts).interrupts(&design.interrupts);
        for line in &design.interrupts.processor {
            if let Some(id) = line.ps_irq {
                builder = builder.cpu_pin(id).trigger(id, trigger(&design.interrupts, &line.source));
                builder = builder.source(&design.interrupts, &line.source, &format!("cpu/{id}"));
            }
        }
        for (path, soft) in &design.soft_processors {
            if let Some(space) = design.address_spaces.get(path) {
                let windows = subsystem::Windows::of(design);
                builder = builder.soft_processor(path, space, (design, soft), &windows, &memories, &mut first);
            }
        }
        builder = builder.extended_gpio(design).subsystem_wires(design, &parts).switched_pins(design, &parts);
        builder
            .streams(design)
            .video_parts(design)
            .masters(design, &memories, &mut first)
            .joined(design)
            .video_wires(design)
            .reset_wires(design)
            .clocks(design)
    }

    /// The GPIO of a Zynq-7000's processing system, if wires of it go into the logic. Each slice's output is a line, and
    /// drives the inputs of blocks that it is wired to.
    fn extended_gpio(mut self, design: &Design) -> Self {
        let Some(processor) = &design.processor else { return self };
        if processor.family != Family::Zynq7000 || design.processor_gpio.is_empty() {
            return self;
        }
        let gpio = format!("{}/gpio", processor.path);
        self = self.device(&gpio, PS_GPIO, 0x1000, PsGpioModel::new());
        for (slice, lines) in &design.processor_gpio {
            // Names are there for single lines.
            let (bank, bit) = (lines.emio / 32, lines.emio % 32);
            if lines.width != 1 || bank > 1 {
                continue;
            }
            let driver = format!("{gpio}/emio{bank}_o[{bit}]");
            self = self.line_alias(&format!("{slice}/Dout"), &driver);
            for pin in lines.pins.iter() {
                if self.is_free_input(pin) {
                    self = self.wire(&driver, pin);
                }
            }
        }
        self
    }

    /// Builds the address space of a soft processor: blocks that it shares with the processor, at its own addresses,
    /// and its private ones.
    fn soft_processor<'d>(
        mut self,
        master: &str,
        space: &'d AddressSpace,
        (design, soft): (&Design, &SoftProcessor),
        windows: &subsystem::Windows<'_>,
        memories: &BTreeMap<&'d str, &'d str>,
        first: &mut BTreeMap<&'d str, &'d str>,
    ) -> Self {
        let interrupts = &soft.interrupts;
        for range in &space.ranges {
            // Two local buses to one memory are two lines of the map, and one range of addresses.
            if !self.is_free(master, range.base, range.size) {
                continue;
            }
            let block = space.blocks.values().find(|block| block.path == range.path);
            if let Some(bits) = windows.bits(range, block) {
                self = self.window_to_processor(master, range.base, range.size, bits);
                continue;
            }
            let path = match (range.memory, block) {
                // Something that is not part of the logic.
                (_, None) => continue,
                (true, Some(_)) => {
                    let memory = memories.get(range.path.as_str()).copied().unwrap_or(&range.path);
                    *first.entry(memory).or_insert(&range.path)
                }
                (false, Some(block)) => {
                    if !self.has_block(&range.path) {
                        self = match known(design, block) {
                            Ok(model) => self.boxed_part(&range.path, model),
                            Err(error) => self.refused(error),
                        };
                    }
                    range.path.as_str()
                }
            };
            self = self.map(master, path, range.base, range.size, 0);
        }
        self.gates(interrupts).interrupts(interrupts).executing(master, soft)
    }

    /// Wires the inputs of the interrupt controllers.
    fn interrupts(mut self, interrupts: &Interrupts) -> Self {
        for (path, controller) in &interrupts.controllers {
            // A controller that no simulated master can reach has no registers here, so no interrupt behind it arrives.
            if !self.has_block(path) {
                continue;
            }
            for (line, source) in controller.lines.iter().enumerate() {
                let load = format!("{path}/intr[{line}]");
                if self.is_free_input(&load) {
                    self = self.source(interrupts, source, &load);
                }
            }
        }
        self
    }

    /// Adds the gates that interrupts pass, each under the name of its output.
    fn gates(mut self, interrupts: &Interrupts) -> Self {
        let gates = || interrupts.gates.iter().filter(|(_, gate)| gate.inputs.len() <= 32);
        let mut added = Vec::new();
        for (output, gate) in gates() {
            if !self.has_block(output) {
                let inputs = u8::try_from(gate.inputs.len()).unwrap_or(32);
                self = self.part(output, GateModel::new(function(gate.kind), inputs));
                self = self.line_alias(output, &format!("{output}/out"));
                added.push((output, gate));
            }
        }
        for (output, gate) in added {
            for (number, input) in gate.inputs.iter().enumerate() {
                self = self.source(interrupts, &input.source, &format!("{output}/in[{number}]"));
            }
        }
        self
    }

    /// Wires what drives a line of interrupts.
    fn source(self, interrupts: &Interrupts, source: &Source, load: &str) -> Self {
        match source {
            Source::Pin(pin) if interrupts.gates.contains_key(pin) && self.has_block(pin) => {
                self.wire(&format!("{pin}/out"), load)
            }
            Source::Pin(pin) => self.wire_or_external(pin, load),
            Source::Controller(path) => self.wire_or_external(&format!("{path}/irq"), load),
            _ => self,
        }
    }

    /// Wires a source, whose block may have no model because no simulated master can address it.
    fn wire_or_external(self, source: &str, load: &str) -> Self {
        if self.has_output(source) { self.wire(source, load) } else { self.external(source, load) }
    }
}

/// Where a Zynq-7000 has the GPIO of its processing system.
const PS_GPIO: u64 = 0xE000_A000;

/// The memory behind each controller.
fn controllers(design: &Design) -> BTreeMap<&str, &str> {
    let windows = design.storage.iter().flat_map(|(path, storage)| storage.windows.iter().map(move |way| (path, way)));
    windows.map(|(path, way)| (way.controller.as_str(), path.as_str())).collect()
}

const fn function(kind: GateKind) -> GateFunction {
    match kind {
        GateKind::Or => GateFunction::Or,
        GateKind::And => GateFunction::And,
        GateKind::Xor => GateFunction::Xor,
        GateKind::Not => GateFunction::Not,
        // A decoupler, while nothing is being reconfigured.
        _ => GateFunction::Buffer,
    }
}

/// The trigger that software must set for an input of the processor: a pulse would be gone before its level is read.
fn trigger(interrupts: &Interrupts, source: &Source) -> Trigger {
    let edge = match source {
        Source::Controller(path) => interrupts.controllers.get(path).is_some_and(|controller| !controller.irq_is_level),
        Source::Pin(pin) => interrupts.pin(pin).is_some_and(|pin| pin.sensitivity == Some(LineKind::Edge)),
        _ => false,
    };
    if edge { Trigger::Edge } else { Trigger::Level }
}

/// The model of a block, by its type.
fn known(design: &Design, block: &IpBlock) -> Result<Box<dyn Device>, Error> {
    let interrupts = &design.interrupts;
    Ok(match block.vlnv_without_version() {
        "xilinx.com:ip:axi_dma" => Box::new(AxiDmaModel::new(built::dma(design, block)?)),
        "xilinx.com:ip:axi_vdma" => Box::new(AxiVdmaModel::new(built::vdma(block)?)),
        "xilinx.com:ip:axi_intc" => Box::new(AxiIntcModel::new(built::intc(interrupts, block)?)),
        "xilinx.com:ip:axi_gpio" => Box::new(AxiGpioModel::new(built::gpio(block)?)),
        "xilinx.com:ip:axi_iic" => Box::new(AxiIicModel::new(built::iic(block)?)),
        "xilinx.com:ip:axi_uartlite" => Box::new(AxiUartLiteModel::new(built::uart(block)?)),
        "digilentinc.com:ip:axi_dynclk" => Box::new(DynclkModel::new()),
        "xilinx.com:ip:v_tc" => Box::new(VtcModel::new(built::vtc(block)?)),
        "xilinx.com:hls:color_convert" => Box::new(ColorConvertModel::new()),
        "xilinx.com:hls:pixel_pack" => Box::new(PixelPackModel::new()),
        "xilinx.com:hls:pixel_unpack" => Box::new(PixelUnpackModel::new()),
        "xilinx.com:user:io_switch" => Box::new(IoSwitchModel::new(built::switch(block)?)),
        "xilinx.com:ip:axi_quad_spi" => match built::spi(block)? {
            Some(params) => Box::new(AxiQuadSpiModel::new(params)),
            None => plain(interrupts, block),
        },
        "xilinx.com:ip:axi_timer" => Box::new(AxiTimerModel::new(built::timer(block)?)),
        _ => plain(interrupts, block),
    })
}

/// A block of plain registers, with the interrupt outputs of this one.
fn plain(interrupts: &Interrupts, block: &IpBlock) -> Box<dyn Device> {
    let outputs = block.interrupts.iter().filter_map(|name| {
        let (_, port) = name.rsplit_once('/')?;
        let width = interrupts.pins.get(name).map_or(1, |pin| pin.width);
        Some((String::from(port), u8::try_from(width).unwrap_or(32).min(32)))
    });
    Box::new(outputs.fold(RegisterModel::new(), |model, (port, width)| model.with_output(port, width)))
}
