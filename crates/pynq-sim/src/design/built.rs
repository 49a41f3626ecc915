//! How the blocks of a design were built. A parameter is decoded by the description that its driver has of it, so that the two
//! agree on defaults and limits. What no driver needs is read here.

use alloc::{format, string::ToString, vec::Vec};
use pynq_core::{ParameterError, Parameters};
use pynq_drivers::{
    axi_dma::{AxiDmaConfig, DmaChannelConfig},
    axi_gpio::{AxiGpioConfig, ChannelConfig, ChannelDirection},
    axi_quad_spi::AxiQuadSpiConfig,
    axi_timer::AxiTimerConfig,
    axi_uartlite::{AxiUartLiteConfig, Parity},
    axi_vdma::AxiVdmaConfig,
    video_timing::VideoTimingConfig,
};
use pynq_hwh::{Cell, Design, Interrupts, IpBlock};

use crate::{
    error::Error,
    models::{
        AxisFifoParams, DmaChannelParams, DmaParams, GpioChannel, GpioParams, IicParams, IntcParams, SpiParams,
        TimerParams, UartParams, UartParity, VdmaParams, VtcParams,
    },
};

/// Reads the parameters of `block`. One that is there and makes no sense is an error, not a default.
fn read<T>(
    block: &IpBlock,
    clock_hz: u64,
    decode: impl FnOnce(&Parameters<'_>) -> Result<T, ParameterError>,
) -> Result<T, Error> {
    let built = block.parameters.built();
    let numbers: Vec<(&str, u64)> = built.numbers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let texts: Vec<&str> = built.texts.iter().map(|name| name.as_str()).collect();
    decode(&Parameters::new(&numbers, Some(clock_hz)).with_texts(&texts)).map_err(|error| {
        let written = block.parameters.get(error.parameter).map(ToString::to_string);
        Error::Parameter { path: block.path.to_string(), error, written }
    })
}

/// The frequency of the block's clock; that of a model where the design doesn't say.
fn clock(block: &IpBlock, default: u64) -> u64 {
    block.clock_hz.filter(|&hz| hz != 0).unwrap_or(default)
}

pub(super) fn gpio(block: &IpBlock) -> Result<GpioParams, Error> {
    let channel = |config: ChannelConfig| GpioChannel {
        width: config.width,
        all_inputs: config.direction == ChannelDirection::Inputs,
        all_outputs: config.direction == ChannelDirection::Outputs,
        dout_default: config.dout_default,
        tri_default: config.tri_default,
        ..GpioChannel::default()
    };
    let config = read(block, clock(block, 0), AxiGpioConfig::from_parameters)?;
    Ok(GpioParams {
        channel1: channel(config.channel1),
        channel2: config.channel2.map(channel),
        interrupt_present: config.interrupt,
    })
}

/// `None` for a build that has no model.
pub(super) fn spi(block: &IpBlock) -> Result<Option<SpiParams>, Error> {
    let clock_hz = clock(block, SpiParams::default().clock_hz);
    let config = read(block, clock_hz, AxiQuadSpiConfig::from_parameters)?;
    let params = SpiParams {
        clock_hz,
        sck_ratio: config.sck_ratio,
        fifo_depth: config.fifo_depth,
        bits: config.word_bits,
        slave_selects: config.slave_selects,
    };
    Ok(config.validate().is_ok().then_some(params))
}

pub(super) fn timer(block: &IpBlock) -> Result<TimerParams, Error> {
    let clock_hz = clock(block, TimerParams::default().clock_hz);
    read(block, clock_hz, |built| {
        let config = AxiTimerConfig::from_parameters(built)?;
        Ok(TimerParams {
            clock_hz,
            count_width: config.count_width,
            one_timer_only: config.one_timer_only,
            trigger_active_high: [built.flag("C_TRIG0_ASSERT", true)?, built.flag("C_TRIG1_ASSERT", true)?],
            generate_active_high: [built.flag("C_GEN0_ASSERT", true)?, built.flag("C_GEN1_ASSERT", true)?],
        })
    })
}

pub(super) fn vdma(block: &IpBlock) -> Result<VdmaParams, Error> {
    read(block, clock(block, 0), |built| {
        let config = AxiVdmaConfig::from_parameters(built)?;
        Ok(VdmaParams {
            mm2s: config.output.is_some(),
            s2mm: config.input.is_some(),
            stores: config.stores,
            address_width: config.address_width,
            mm2s_follows: built.number("C_MM2S_GENLOCK_MODE", 0, 0, 3)? == 1,
        })
    })
}

pub(super) fn vtc(block: &IpBlock) -> Result<VtcParams, Error> {
    read(block, clock(block, 0), |built| {
        let config = VideoTimingConfig::from_parameters(built)?;
        Ok(VtcParams { detects: config.detects, generates: config.generates })
    })
}

pub(super) fn switch(block: &IpBlock) -> Result<u8, Error> {
    read(block, clock(block, 0), |built| built.byte("C_IO_SWITCH_WIDTH", 8, 1, 28))
}

/// The frequency of a clock input of a block, where the file says so.
fn clock_of(design: &Design, block: &IpBlock, port: &str) -> Option<u64> {
    let (_, wire) = design.wire_to(&format!("{}/{port}", block.path))?;
    wire.frequency_hz.filter(|&hz| hz != 0)
}

pub(super) fn dma(design: &Design, block: &IpBlock) -> Result<DmaParams, Error> {
    let default = DmaParams::default();
    let clock_hz = clock(block, default.sg_clock_hz);
    let frequency = |port| clock_of(design, block, port).unwrap_or(clock_hz);
    read(block, clock_hz, |built| {
        let config = AxiDmaConfig::from_parameters(built)?;
        // The stream's width and the clock of a channel are of no concern to its driver.
        let channel = |config: Option<DmaChannelConfig>, stream_width, clock| {
            let Some(config) = config else { return Ok(None) };
            let stream_bytes = u16::try_from(built.number(stream_width, 32, 8, 1024)? / 8).unwrap_or(4);
            Ok(Some(DmaChannelParams {
                clock_hz: frequency(clock),
                memory_bytes: config.data_bytes.into(),
                stream_bytes,
                realigns: config.realigns,
                burst: config.burst,
            }))
        };
        Ok(DmaParams {
            mm2s: channel(config.send, "C_M_AXIS_MM2S_TDATA_WIDTH", "m_axi_mm2s_aclk")?,
            s2mm: channel(config.receive, "C_S_AXIS_S2MM_TDATA_WIDTH", "m_axi_s2mm_aclk")?,
            scatter_gather: config.scatter_gather,
            length_width: config.length_width,
            address_width: config.address_width,
            micro: config.micro,
            sg_clock_hz: frequency("m_axi_sg_aclk"),
            delay_resolution: built.number("C_DLYTMR_RESOLUTION", 125, 1, 100_000)?,
        })
    })
}

/// A block that stores a stream, or passes it on.
pub(super) fn stream_fifo(cell: &Cell, words: u64) -> AxisFifoParams {
    let number = |name, default| cell.parameters.integer(name).ok().filter(|&value| value != 0).unwrap_or(default);
    let bytes = number("FIFO_DEPTH", words).saturating_mul(number("TDATA_NUM_BYTES", 4));
    let whole_packets = number("FIFO_MODE", 1) == 2;
    AxisFifoParams { bytes: usize::try_from(bytes).unwrap_or(usize::MAX).min(1 << 30), whole_packets }
}

pub(super) fn uart(block: &IpBlock) -> Result<UartParams, Error> {
    let default = UartParams::default();
    let clock_hz = clock(block, default.clock_hz);
    read(block, clock_hz, |built| {
        let config = AxiUartLiteConfig::from_parameters(built)?;
        let parity = match config.parity {
            Parity::None => UartParity::None,
            Parity::Even => UartParity::Even,
            Parity::Odd => UartParity::Odd,
        };
        let built_for_hz = built.number("C_S_AXI_ACLK_FREQ_HZ", 100_000_000, 1, u32::MAX)?.into();
        Ok(UartParams { clock_hz, built_for_hz, baud_rate: config.baud_rate, data_bits: config.data_bits, parity })
    })
}

pub(super) fn iic(block: &IpBlock) -> Result<IicParams, Error> {
    let clock_hz = clock(block, IicParams::default().clock_hz);
    read(block, clock_hz, |built| {
        let built_for_hz = built.number("C_S_AXI_ACLK_FREQ_HZ", 100_000_000, 1, u32::MAX)?.into();
        let bus_hz = built.number("C_IIC_FREQ", 100_000, 1, 1_000_000)?;
        let gpo_width = built.byte("C_GPO_WIDTH", 1, 1, 8)?;
        Ok(IicParams { clock_hz, built_for_hz, bus_hz, gpo_width })
    })
}

/// A controller that reaches the processor is as the design's interrupts have it, which is what its driver is made of. One
/// that doesn't is read here.
pub(super) fn intc(interrupts: &Interrupts, block: &IpBlock) -> Result<IntcParams, Error> {
    let byte = |count: u32| u8::try_from(count.min(32)).unwrap_or(32);
    if let Some(found) = interrupts.controllers.get(&block.path) {
        return Ok(IntcParams {
            inputs: byte(found.inputs),
            sw: byte(found.software_inputs),
            kind_of_intr: found.kind_of_intr,
            kind_of_edge: found.kind_of_edge,
            kind_of_lvl: found.kind_of_level,
            irq_is_level: found.irq_is_level,
            irq_active: found.irq_active_high,
            has_ipr: found.has_ipr,
            has_sie: found.has_sie,
            has_cie: found.has_cie,
            has_ivr: found.has_ivr,
            has_ilr: found.has_ilr,
        });
    }
    read(block, clock(block, 0), |built| {
        let mask = |name| built.number(name, u32::MAX, 0, u32::MAX);
        Ok(IntcParams {
            inputs: built.byte("C_NUM_INTR_INPUTS", 1, 0, 32)?,
            sw: built.byte("C_NUM_SW_INTR", 0, 0, 32)?,
            kind_of_intr: mask("C_KIND_OF_INTR")?,
            kind_of_edge: mask("C_KIND_OF_EDGE")?,
            kind_of_lvl: mask("C_KIND_OF_LVL")?,
            irq_is_level: built.flag("C_IRQ_IS_LEVEL", true)?,
            irq_active: built.flag("C_IRQ_ACTIVE", true)?,
            has_ipr: built.flag("C_HAS_IPR", true)?,
            has_sie: built.flag("C_HAS_SIE", true)?,
            has_cie: built.flag("C_HAS_CIE", true)?,
            has_ivr: built.flag("C_HAS_IVR", true)?,
            has_ilr: built.flag("C_HAS_ILR", false)?,
        })
    })
}
