//! A board from a design's handoff file.

use alloc::{boxed::Box, format, string::String};
use pynq_hwh::{Design, IpBlock, Parameters, Source};

use crate::{
    board::{Board, BoardBuilder},
    device::Device,
    error::Error,
    fabric::FabricBuilder,
    models::{
        AxiGpioModel, AxiIntcModel, AxiTimerModel, AxiUartLiteModel, GpioChannel, GpioParams, IntcParams,
        RegisterModel, TimerParams, UartParams, UartParity,
    },
};

impl Board {
    /// The board of a design: each IP block the processor can address is there, at its address and as it was built,
    /// and every interrupt is wired as the design wires it, through cascades, to the CPU's pins.
    ///
    /// An IP block without a model becomes a block of plain registers, whose interrupt outputs are driven by
    /// [`set_line`](Self::set_line) and [`pulse_line`](Self::pulse_line). Paths are those of
    /// [`Design::ip`].
    ///
    /// # Errors
    ///
    /// If two blocks claim the same addresses, or a range is not of whole words.
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
        for (path, block) in &design.ip {
            builder = match (model(block), block.memory) {
                (Some(device), _) => builder.boxed_device(path, block.base, block.size, device),
                (None, true) => builder.memory(path, block.base, block.size),
                (None, false) => builder.boxed_device(path, block.base, block.size, known(design, block)),
            };
        }
        for (path, controller) in &design.interrupts.controllers {
            // One that only another processor can reach has no registers here, and nothing behind it can arrive.
            if controller.base.is_none() {
                continue;
            }
            for (line, source) in controller.lines.iter().enumerate() {
                builder = wire(builder, source, &format!("{path}/intr[{line}]"));
            }
        }
        for line in &design.interrupts.processor {
            if let Some(id) = line.ps_irq {
                builder = wire(builder.cpu_pin(id), &line.source, &format!("cpu/{id}"));
            }
        }
        builder
    }

    /// Wires a source that may be of a block the processor can't address, and so has no model.
    fn wire_or_external(self, source: &str, load: &str) -> Self {
        if self.has_output(source) { self.wire(source, load) } else { self.external(source, load) }
    }
}

fn wire(builder: FabricBuilder, source: &Source, load: &str) -> FabricBuilder {
    match source {
        Source::Pin(pin) => builder.wire_or_external(pin, load),
        Source::Controller(path) => builder.wire_or_external(&format!("{path}/irq"), load),
        _ => builder,
    }
}

/// The model of a block, by what it is.
fn known(design: &Design, block: &IpBlock) -> Box<dyn Device> {
    match block.vlnv_without_version() {
        "xilinx.com:ip:axi_intc" => Box::new(AxiIntcModel::new(intc(&block.parameters))),
        "xilinx.com:ip:axi_gpio" => Box::new(AxiGpioModel::new(gpio(&block.parameters))),
        "xilinx.com:ip:axi_uartlite" => Box::new(AxiUartLiteModel::new(uart(block))),
        "xilinx.com:ip:axi_timer" => Box::new(AxiTimerModel::new(timer(block))),
        _ => {
            let outputs = block.interrupts.iter().filter_map(|name| {
                let (_, port) = name.rsplit_once('/')?;
                let width = design.interrupts.pins.get(name).map_or(1, |pin| pin.width);
                Some((String::from(port), u8::try_from(width).unwrap_or(32).min(32)))
            });
            Box::new(outputs.fold(RegisterModel::new(), |model, (port, width)| model.with_output(port, width)))
        }
    }
}

/// Looks a parameter up; one that is missing has the IP's documented default.
struct Built<'a>(&'a Parameters);

impl Built<'_> {
    fn word(&self, name: &str, default: u32) -> u32 {
        self.0.integer(name).ok().and_then(|value| u32::try_from(value).ok()).unwrap_or(default)
    }

    fn byte(&self, name: &str, default: u8) -> u8 {
        u8::try_from(self.word(name, default.into())).unwrap_or(default)
    }

    fn flag(&self, name: &str, default: bool) -> bool {
        self.0.boolean(name).unwrap_or(default)
    }
}

fn intc(parameters: &Parameters) -> IntcParams {
    let built = Built(parameters);
    IntcParams {
        inputs: built.byte("C_NUM_INTR_INPUTS", 1).min(32),
        sw: built.byte("C_NUM_SW_INTR", 0).min(32),
        kind_of_intr: built.word("C_KIND_OF_INTR", u32::MAX),
        kind_of_edge: built.word("C_KIND_OF_EDGE", u32::MAX),
        kind_of_lvl: built.word("C_KIND_OF_LVL", u32::MAX),
        irq_is_level: built.flag("C_IRQ_IS_LEVEL", true),
        irq_active: built.flag("C_IRQ_ACTIVE", true),
        has_ipr: built.flag("C_HAS_IPR", true),
        has_sie: built.flag("C_HAS_SIE", true),
        has_cie: built.flag("C_HAS_CIE", true),
        has_ivr: built.flag("C_HAS_IVR", true),
        has_ilr: built.flag("C_HAS_ILR", false),
    }
}

fn gpio(parameters: &Parameters) -> GpioParams {
    let built = Built(parameters);
    let channel = |width: &str, suffix: &str| GpioChannel {
        width: built.byte(width, 32).min(32),
        all_inputs: built.flag(&format!("C_ALL_INPUTS{suffix}"), false),
        all_outputs: built.flag(&format!("C_ALL_OUTPUTS{suffix}"), false),
        dout_default: built.word(&format!("C_DOUT_DEFAULT{suffix}"), 0),
        tri_default: built.word(&format!("C_TRI_DEFAULT{suffix}"), u32::MAX),
        ..GpioChannel::default()
    };
    GpioParams {
        channel1: channel("C_GPIO_WIDTH", ""),
        channel2: built.flag("C_IS_DUAL", false).then(|| channel("C_GPIO2_WIDTH", "_2")),
        interrupt_present: built.flag("C_INTERRUPT_PRESENT", false),
    }
}

fn timer(block: &IpBlock) -> TimerParams {
    let built = Built(&block.parameters);
    let default = TimerParams::default();
    TimerParams {
        clock_hz: block.clock_hz.filter(|&hz| hz != 0).unwrap_or(default.clock_hz),
        count_width: built.byte("C_COUNT_WIDTH", 32).clamp(1, 32),
        one_timer_only: built.flag("C_ONE_TIMER_ONLY", false),
        trigger_active_high: [built.flag("C_TRIG0_ASSERT", true), built.flag("C_TRIG1_ASSERT", true)],
        generate_active_high: [built.flag("C_GEN0_ASSERT", true), built.flag("C_GEN1_ASSERT", true)],
    }
}

fn uart(block: &IpBlock) -> UartParams {
    let built = Built(&block.parameters);
    let default = UartParams::default();
    let parity = match (built.flag("C_USE_PARITY", false), built.flag("C_ODD_PARITY", false)) {
        (false, _) => UartParity::None,
        (true, false) => UartParity::Even,
        (true, true) => UartParity::Odd,
    };
    UartParams {
        clock_hz: block.clock_hz.filter(|&hz| hz != 0).unwrap_or(default.clock_hz),
        built_for_hz: built.word("C_S_AXI_ACLK_FREQ_HZ", 100_000_000).into(),
        baud_rate: built.word("C_BAUDRATE", default.baud_rate),
        data_bits: built.byte("C_DATA_BITS", default.data_bits),
        parity,
    }
}
